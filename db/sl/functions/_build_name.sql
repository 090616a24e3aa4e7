-- sl._build_name(p_mart sl.mart) RETURNS text
--
-- Purpose: the name of the procedure that builds a mart, as sl.run has it.
-- Parameters: p_mart: registry row.
-- Returns: schema and name.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._build_name(p_mart sl.mart)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT format('%s.%s', p_mart.build_schema, p_mart.build_procedure);
$body$;

COMMENT ON FUNCTION sl._build_name IS 'The name of the procedure that builds a mart';
