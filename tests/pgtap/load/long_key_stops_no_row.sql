BEGIN;
SELECT plan(3);

CREATE TABLE raw.lot (
    key text PRIMARY KEY,
    city text,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false
);
CALL sl.declare_entity(
    'lot', p_source => 'raw.lot', p_key => '{key}', p_tracked => '{city}', p_event_time => 'updated_at',
    p_deleted => 'is_deleted'
);
-- As long as an index allows, and not to be compressed; one of them deleted.
CREATE FUNCTION pg_temp.long_key(p_seed integer)
RETURNS text
LANGUAGE sql
RETURN (SELECT left(string_agg(md5((p_seed * 1000 + g)::text), ''), 2690) FROM generate_series(1, 90) AS g);
INSERT INTO raw.lot (key, city, updated_at, is_deleted)
VALUES
(pg_temp.long_key(1), 'Omsk', tap.at(1), true), (pg_temp.long_key(2), 'Omsk', tap.at(1), false),
('short', 'Omsk', tap.at(1), false);

SELECT results_eq(
    $$SELECT rows_inserted, rows_rejected FROM sl.run_load('lot')$$,
    'VALUES (1::bigint, 2::bigint)',
    'the others are loaded'
);
UPDATE raw.lot SET changed_xid = pg_current_xact_id()::text::bigint;
SELECT results_eq(
    $$SELECT rows_unchanged, rows_rejected FROM sl.run_load('lot', p_full => true)$$,
    'VALUES (1::bigint, 2::bigint)',
    'and the next time'
);
SELECT results_eq(
    $$SELECT j.rule_name, j.times_seen, octet_length(j.entity_key) < 200 FROM sl.rejected_row AS j$$,
    $$VALUES ('key_too_long', 1::bigint, true), ('key_too_long', 1, true)$$,
    'a key that is too long is rejected, deletions too'
);

SELECT * FROM finish();
ROLLBACK;
