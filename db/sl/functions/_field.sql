-- sl._field(p_row anyelement, p_column text) RETURNS jsonb
--
-- Purpose: one column of a row, by its name.
-- Parameters: p_row: a row of a table; p_column: name of a column of it.
-- Returns: the value as jsonb.
-- Errors: 42703 there is no such column.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._field(p_row anyelement, p_column text)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_value jsonb;
BEGIN
    EXECUTE format('SELECT to_jsonb(($1).%I)', p_column) INTO v_value USING p_row;
    RETURN v_value;
END;
$body$;

COMMENT ON FUNCTION sl._field IS 'One column of a row, by its name';
