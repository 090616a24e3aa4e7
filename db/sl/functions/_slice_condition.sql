-- sl._slice_condition(p_slice sl.backfill_slice, p_key text[], p_types text[]) RETURNS text
--
-- Purpose: writes the condition that a key lies in a slice into dynamic SQL.
-- Parameters: p_slice: the slice, NULL for all keys; p_key: the key's columns, SQL expressions; p_types: their types.
-- Returns: a condition; e.g. sale_id >= '100'::bigint AND sale_id < '200'::bigint, or true. Of several columns rows are
--     compared: (region, id) >= (...).
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._slice_condition(p_slice sl.backfill_slice, p_key text[], p_types text[])
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT coalesce(
            string_agg(
                format(
                    CASE WHEN cardinality(p_key) = 1 THEN '%s %s %s' ELSE '(%s) %s (%s)' END,
                    array_to_string(p_key, ', '), e.operator,
                    array_to_string(sl._key_values(p_types, quote_literal(e.bound)), ', ')
                ),
                ' AND '
            ),
            'true'
        )
        FROM (VALUES ('>=', p_slice.key_from), ('<', p_slice.key_to)) AS e (operator, bound)
        WHERE e.bound IS NOT NULL
    );
END;
$body$;

COMMENT ON FUNCTION sl._slice_condition IS 'Writes the condition that a key lies in a slice into dynamic SQL';
