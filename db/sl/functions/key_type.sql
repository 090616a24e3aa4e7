-- sl.key_type(p_entity sl.entity) RETURNS text
--
-- Purpose: the SQL type of an entity's key, to read keys back that sl keeps as text.
-- Parameters: p_entity: registry row.
-- Returns: a type name, e.g. bigint.
-- Errors: TS003 the source table or its key column does not exist.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl.key_type(p_entity sl.entity)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_source text := format('%I.%I', p_entity.source_schema, p_entity.source_table);
    v_type text;
BEGIN
    SELECT format_type(a.atttypid, a.atttypmod)
    INTO v_type
    FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass(v_source) AND a.attname = p_entity.key_column AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Entity "%s": %s has no column %I', p_entity.entity_name, v_source, p_entity.key_column),
            HINT = 'Correct source_schema, source_table or key_column of its row in sl.entity.';
    END IF;
    RETURN v_type;
END;
$body$;

COMMENT ON FUNCTION sl.key_type IS 'The SQL type of an entity''s key';
