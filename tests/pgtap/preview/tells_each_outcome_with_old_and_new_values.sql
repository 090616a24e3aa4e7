BEGIN;
SELECT plan(8);

CREATE TABLE raw.item (
    item_id bigint PRIMARY KEY, name text, stock integer, updated_at timestamptz, is_deleted boolean
);
CALL sl.declare_entity(
    'item', 'raw.item', '{item_id}', '{name}', p_in_place => '{stock}', p_event_time => 'updated_at',
    p_deleted => 'is_deleted', p_required => '{name}'
);
CREATE FUNCTION pg_temp.preview(p_unchanged boolean DEFAULT false)
RETURNS TABLE (
    outcome text, entity_key text, event_time timestamptz, rule_name text, old_values jsonb, new_values jsonb
)
LANGUAGE sql
SET client_min_messages = warning
RETURN sl.preview('item', p_unchanged => p_unchanged);
CREATE FUNCTION pg_temp.put(p_id bigint, p_name text, p_at timestamptz, p_stock integer, p_is_deleted boolean)
RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO raw.item VALUES (p_id, p_name, p_stock, p_at, p_is_deleted)
    ON CONFLICT (item_id) DO UPDATE
    SET
        name = excluded.name,
        updated_at = excluded.updated_at,
        stock = excluded.stock,
        is_deleted = excluded.is_deleted;
END;
-- Makes it all look as if another transaction had written and read it.
CREATE FUNCTION pg_temp.load()
RETURNS void
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
BEGIN
    PERFORM sl.run_load('item');
    ALTER TABLE raw.item DISABLE TRIGGER sl_stamp;
    UPDATE raw.item SET changed_xid = 1;
    ALTER TABLE raw.item ENABLE ALWAYS TRIGGER sl_stamp;
    UPDATE sl.watermark SET snapshot_xmin = 2 WHERE source = 'raw.item';
    PERFORM set_config('sl.read_below_' || left(md5('item'), 8), '', true);
END;
$body$;

SELECT is_empty('SELECT * FROM pg_temp.preview()', 'nothing of an empty source');
SELECT pg_temp.put(n, 'a', tap.at(5), 1, false) FROM generate_series(1, 6) AS n;
SELECT pg_temp.put(7, NULL, tap.at(5), 1, false);
SELECT pg_temp.put(8, 'h', tap.at(5), 1, true);
SELECT results_eq(
    'SELECT entity_key, outcome, rule_name, old_values, new_values FROM pg_temp.preview() WHERE entity_key > ''5''',
    $$VALUES
    ('6', 'inserted', NULL, NULL::jsonb, '{"name": "a", "stock": 1}'::jsonb),
    (
        '7', 'rejected', 'name_missing', NULL,
        jsonb_build_object('item_id', 7, 'name', NULL, 'stock', 1, 'updated_at', tap.at(5), 'is_deleted', false)
    ),
    ('8', 'deleted', NULL, NULL, NULL)$$,
    'of a first load'
);
SELECT pg_temp.load();
SELECT is_empty('SELECT * FROM pg_temp.preview()', 'nothing that a load has read');

SELECT pg_temp.put(1, 'b', tap.at(6), 1, false);
SELECT pg_temp.put(2, 'a', tap.at(6), 9, false);
SELECT pg_temp.put(3, 'a', tap.at(6), 1, true);
SELECT pg_temp.put(4, 'c', tap.at(4), 1, false);
SELECT pg_temp.put(5, 'd', tap.at(5), 1, false);
SELECT pg_temp.put(6, 'a', tap.at(4), 1, false);
SELECT results_eq(
    'SELECT entity_key, outcome, event_time, old_values, new_values FROM pg_temp.preview()',
    $$VALUES
    ('1', 'inserted', tap.at(6), '{"name": "a"}'::jsonb, '{"name": "b"}'::jsonb),
    ('2', 'corrected', tap.at(6), '{"stock": 1}', '{"stock": 9}'),
    ('3', 'deleted', tap.at(6), '{"name": "a", "stock": 1}', NULL),
    ('4', 'inserted', tap.at(4), NULL, '{"name": "c", "stock": 1}'),
    ('5', 'corrected', tap.at(5), '{"name": "a"}', '{"name": "d"}'),
    (
        '6', 'corrected', tap.at(4), jsonb_build_object('valid_from', tap.at(5)),
        jsonb_build_object('valid_from', tap.at(4))
    )$$,
    'a later state, an in-place column, a deletion, a late state, a tie, and a version that begins earlier'
);
SELECT is(
    (SELECT count(*) FROM dds.item AS i WHERE i.valid_from = tap.at(5) AND i.is_current AND i.name = 'a'), 6::bigint,
    'and the history is as it was'
);
SELECT pg_temp.put(1, 'a', tap.at(7), 1, false);
SELECT pg_temp.load();
SELECT pg_temp.put(2, 'a', tap.at(8), 9, false);
SELECT is_empty('SELECT * FROM pg_temp.preview()', 'a row that changes nothing is left out');
SELECT results_eq(
    'SELECT entity_key, outcome, old_values, new_values FROM pg_temp.preview(true)',
    $$VALUES ('2', 'unchanged', '{}'::jsonb, '{}'::jsonb)$$, 'unless it is asked for'
);
SELECT throws_ok($$SELECT * FROM sl.preview('nobody')$$, 'TS002', NULL, 'an entity that is not declared is told');

SELECT * FROM finish();
ROLLBACK;
