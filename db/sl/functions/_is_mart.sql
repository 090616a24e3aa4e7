-- sl._is_mart(p_name text) RETURNS boolean
--
-- Purpose: whether a name is a mart's.
-- Parameters: p_name: name of a mart or of an entity.
-- Returns: true for a mart.
-- Errors: none.
-- Reads: sl.mart. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_mart(p_name text)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT EXISTS (SELECT FROM sl.mart AS m WHERE m.mart_name = p_name);
$body$;

COMMENT ON FUNCTION sl._is_mart IS 'Whether a name is a mart''s';
