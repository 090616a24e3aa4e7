BEGIN;
SELECT plan(3);

-- A key of text, two tracked columns, no quality rule.
CREATE TABLE raw.shop (
    shop_code text PRIMARY KEY,
    city text,
    "floor space" integer,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false
);
CALL sl.declare_entity(
    'shop',
    p_source => 'raw.shop',
    p_key => '{shop_code}',
    p_tracked => '{city,"floor space"}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted'
);
CREATE FUNCTION pg_temp.load_shop()
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    EXECUTE $sql$CALL sl.load('shop')$sql$;
    UPDATE raw.shop SET changed_xid = 1;
    PERFORM tap.settle();
END;
$body$;

INSERT INTO raw.shop (shop_code, city, "floor space", updated_at) VALUES ('N-1', 'Omsk', 80, tap.at(1));
SELECT pg_temp.load_shop();
UPDATE raw.shop SET "floor space" = 120, updated_at = tap.at(5), changed_xid = pg_current_xact_id()::text::bigint;
SELECT pg_temp.load_shop();
UPDATE raw.shop SET city = 'Tomsk', updated_at = tap.at(3), changed_xid = pg_current_xact_id()::text::bigint;
SELECT pg_temp.load_shop();
UPDATE raw.shop SET is_deleted = true, updated_at = tap.at(7), changed_xid = pg_current_xact_id()::text::bigint;
SELECT pg_temp.load_shop();

SELECT results_eq(
    $$SELECT shop_code, city, "floor space", valid_from, valid_to, is_current FROM dds.shop ORDER BY valid_from$$,
    $$VALUES
    ('N-1', 'Omsk', 80, tap.at(1), tap.at(3), false),
    ('N-1', 'Tomsk', 120, tap.at(3), tap.at(5), false),
    ('N-1', 'Omsk', 120, tap.at(5), tap.at(7), false)$$,
    'the engine keeps its history'
);
SELECT results_eq(
    $$SELECT procedure_name, target, rows_read FROM sl.run ORDER BY run_id$$,
    $$VALUES
    ('dds.load_shop', 'dds.shop', 1::bigint),
    ('dds.load_shop', 'dds.shop', 1),
    ('dds.load_shop', 'dds.shop', 1),
    ('dds.load_shop', 'dds.shop', 1)$$,
    'and its runs'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit looks at it too');

SELECT * FROM finish();
ROLLBACK;
