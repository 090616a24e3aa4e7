-- sl.slice_condition(p_slice sl.backfill_slice, p_key text, p_type text) RETURNS text
--
-- Purpose: writes the condition that a key lies in a slice into dynamic SQL.
-- Parameters: p_slice: the slice, NULL for all keys; p_key: the key, an SQL expression; p_type: its type.
-- Returns: a condition; e.g. sale_id >= '100'::bigint AND sale_id < '200'::bigint, or true.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl.slice_condition(p_slice sl.backfill_slice, p_key text, p_type text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT coalesce(string_agg(format('%s %s %L::%s', p_key, e.operator, e.bound, p_type), ' AND '), 'true')
    FROM (VALUES ('>=', p_slice.key_from), ('<', p_slice.key_to)) AS e (operator, bound)
    WHERE e.bound IS NOT NULL;
$body$;

COMMENT ON FUNCTION sl.slice_condition IS 'Writes the condition that a key lies in a slice into dynamic SQL';
