BEGIN;
SELECT plan(21);

CREATE TABLE raw.item (item_id bigint PRIMARY KEY, name text, stock integer, updated_at timestamptz);
CALL sl.declare_entity(
    'item', 'raw.item', '{item_id}', '{name}', p_in_place => '{stock}', p_event_time => 'updated_at'
);
CREATE VIEW cdm.stock_image AS SELECT i.name, count(*) AS items FROM dds.item AS i WHERE i.is_current GROUP BY i.name;
CREATE FUNCTION cdm.touched_names(p_runs bigint[])
RETURNS TABLE (name text)
LANGUAGE sql
AS 'SELECT i.name FROM dds.item AS i WHERE i.run_id = ANY (p_runs)';
CALL sl.declare_mart('stock', '{name}', '{item}', p_touched => 'cdm.touched_names');
-- Each is taken back before the next.
CREATE FUNCTION pg_temp.drift(p_change text)
RETURNS text
LANGUAGE plpgsql
AS $body$
DECLARE
    v_found text;
BEGIN
    EXECUTE p_change;
    SELECT string_agg(format('%s %s: %s', d.level, d.finding, d.detail), E'\n' ORDER BY d.finding, d.detail)
    INTO v_found
    FROM sl.status_drift AS d
    WHERE d.entity_name IN ('item', 'stock') AND length(d.remediation) > 20;
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'taken back';
EXCEPTION
    WHEN raise_exception THEN
        RETURN coalesce(v_found, 'nothing');
END;
$body$;

SELECT is(
    pg_temp.drift('ALTER TABLE raw.item ADD COLUMN "Size (cm)" text'),
    'info column_undeclared: raw.item has a column "Size (cm)", which is not declared', 'a new column of the source'
);
SELECT is(
    pg_temp.drift('ALTER TABLE raw.item DROP COLUMN name'), 'error column_missing: raw.item has no column name',
    'a declared column that is gone'
);
SELECT is(
    pg_temp.drift('ALTER TABLE dds.item DROP COLUMN stock'),
    'error target_column_missing: dds.item has no column stock', 'in the target'
);
SELECT is(
    pg_temp.drift('ALTER TABLE raw.item ALTER COLUMN stock TYPE numeric(12, 2)'),
    'warn type_differs: raw.item.stock is numeric(12,2), and dds.item.stock is integer', 'a type'
);
SELECT is(
    pg_temp.drift('DROP TRIGGER sl_keep_all ON raw.item'),
    'error trigger_missing: raw.item: the trigger sl_keep_all is missing', 'a trigger that is gone'
);
SELECT is(
    pg_temp.drift('ALTER TABLE raw.item DISABLE TRIGGER sl_stamp'),
    'error trigger_disabled: raw.item: the trigger sl_stamp is not always enabled', 'one that is disabled'
);
SELECT is(
    pg_temp.drift('ALTER TABLE raw.item ENABLE TRIGGER sl_stamp'),
    'error trigger_disabled: raw.item: the trigger sl_stamp is not always enabled',
    'one that a replication worker does not fire'
);
SELECT is(
    pg_temp.drift(
        'CREATE OR REPLACE TRIGGER sl_stamp BEFORE UPDATE ON raw.item FOR EACH ROW '
        'EXECUTE FUNCTION sl._stamp_changed_xid(''client'', ''sl.read_below_x''); '
        'ALTER TABLE raw.item ENABLE ALWAYS TRIGGER sl_stamp'
    ),
    'error trigger_differs: raw.item: the trigger sl_stamp is not the one that the declaration makes', 'its arguments'
);
SELECT is(
    pg_temp.drift(
        'CREATE OR REPLACE TRIGGER sl_keep_delete BEFORE DELETE ON raw.item FOR EACH ROW '
        'EXECUTE FUNCTION sl._keep_moved(''item''); ALTER TABLE raw.item ENABLE ALWAYS TRIGGER sl_keep_delete'
    ),
    'error trigger_differs: raw.item: the trigger sl_keep_delete is not the one that the declaration makes',
    'its function'
);
SELECT is(
    pg_temp.drift('ALTER TABLE raw.item DROP CONSTRAINT item_pkey'),
    'error unique_key_missing: raw.item has no primary key or unique constraint on (item_id)', 'a unique key'
);
SELECT is(
    pg_temp.drift('ALTER TABLE raw.item ALTER COLUMN changed_xid DROP DEFAULT'),
    'error default_missing: raw.item.changed_xid has no default', 'the default of changed_xid'
);
SELECT is(
    pg_temp.drift('DROP INDEX raw.item_changed_xid_idx'),
    'warn index_missing: raw.item has no index that begins with changed_xid', 'the index on changed_xid'
);
SELECT is(
    pg_temp.drift('ALTER TABLE raw.item DROP COLUMN changed_xid CASCADE'),
    E'error column_missing: raw.item has no column changed_xid\n'
    'error trigger_missing: raw.item: the trigger sl_keep_delete is missing',
    'changed_xid itself, and the trigger that asks it'
);
SELECT is(
    pg_temp.drift('DROP TABLE raw.item'), 'error source_missing: There is no table raw.item', 'the source'
);
SELECT is(
    pg_temp.drift('DROP TABLE dds.item CASCADE'),
    E'error image_missing: There is no view cdm.stock_image\n'
    'error target_missing: There is no table dds.item', 'the target, and the image that reads it'
);
SELECT is(
    pg_temp.drift('DROP TABLE cdm.stock'), 'error table_missing: There is no table cdm.stock', 'the table of a mart'
);
SELECT is(
    pg_temp.drift('DROP VIEW cdm.stock_image'), 'error image_missing: There is no view cdm.stock_image', 'its image'
);
SELECT is(
    pg_temp.drift('DROP FUNCTION cdm.touched_names'),
    'error function_missing: There is no function cdm.touched_names(bigint[])', 'its touched function'
);
SELECT is(
    pg_temp.drift('ALTER VIEW cdm.stock_image RENAME COLUMN name TO title'),
    E'error column_missing: cdm.stock_image has no column name\n'
    'error target_column_missing: cdm.stock has no column title', 'a column of its key'
);
SELECT is(
    pg_temp.drift('ALTER TABLE cdm.stock DROP COLUMN items'),
    'error target_column_missing: cdm.stock has no column items', 'a column of its table'
);
SELECT is(pg_temp.drift('ANALYZE raw.item'), 'nothing', 'and nothing where nothing differs');

SELECT * FROM finish();
ROLLBACK;
