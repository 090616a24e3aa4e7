-- sl.key_text(p_key text, p_type text) RETURNS text
--
-- Purpose: writes the expression by which sl keeps a key as text into dynamic SQL: equal keys have one text.
-- Parameters: p_key: the key, an SQL expression; p_type: its type, as of sl.key_type.
-- Returns: an SQL expression of type text; e.g. trim_scale(k.lot)::text of a numeric, k.client_id::text of a bigint.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
--
-- 1.0 and 1.00 are one number, and 0 and -0 one float. The text of a time, a float or a bytea depends on the session:
-- whoever executes the expression has datestyle, intervalstyle, timezone, extra_float_digits and bytea_output pinned.
CREATE OR REPLACE FUNCTION sl.key_text(p_key text, p_type text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT CASE
        WHEN p_type LIKE 'numeric%' THEN format('trim_scale(%s)::text', p_key)
        WHEN p_type IN ('real', 'double precision') THEN format('(%s + 0)::text', p_key)
        WHEN p_type = 'citext' OR p_type LIKE '%.citext' THEN format('lower(%s::text)', p_key)
        ELSE format('%s::text', p_key)
    END;
$body$;

COMMENT ON FUNCTION sl.key_text IS 'Writes the text by which sl keeps a key into dynamic SQL';
