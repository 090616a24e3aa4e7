-- sl._table_name(p_name text, p_parameter text) RETURNS text[]
--
-- Purpose: takes a table's name with its schema apart.
-- Parameters: p_name: the name, quoted where it has to be; p_parameter: how it is called in the error.
-- Returns: schema and table.
-- Errors: 22023 it is not two names with a dot between them.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._table_name(p_name text, p_parameter text)
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_names text [];
BEGIN
    BEGIN
        v_names := parse_ident(p_name);
    EXCEPTION
        WHEN invalid_parameter_value THEN
            v_names := NULL;
    END;
    IF coalesce(cardinality(v_names), 0) <> 2 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('%s is %s', p_parameter, coalesce(quote_literal(p_name), 'NULL')),
            HINT = 'Name it with its schema: ''schema.name''.';
    END IF;
    RETURN v_names;
END;
$body$;

COMMENT ON FUNCTION sl._table_name IS 'Takes a table''s name with its schema apart';
