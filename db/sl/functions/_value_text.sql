-- sl._value_text(p_value text, p_type text) RETURNS text
--
-- Purpose: writes the text by which sl tells a value of a key into dynamic SQL: equal values have one text.
-- Parameters: p_value: an SQL expression; p_type: its type, as of sl._key_types.
-- Returns: an SQL expression of type text; e.g. trim_scale(k.lot)::text of a numeric, k.client_id::text of a bigint. Of
--     a text of more than 1000 bytes its beginning and its MD5, so that it fits into an index beside others.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
--
-- 1.0 and 1.00 are one number, 0 and -0 one float, 24 hours and a day one interval. The text of a time, a float or a
-- bytea depends on the session: the function that executes the expression pins datestyle, intervalstyle,
-- timezone, extra_float_digits and bytea_output.
CREATE OR REPLACE FUNCTION sl._value_text(p_value text, p_type text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    WITH RECURSIVE base (oid, base_oid) AS (
        SELECT t.oid, t.typbasetype
        FROM pg_type AS t
        WHERE t.oid = to_regtype(p_type)
        UNION ALL
        SELECT t.oid, t.typbasetype
        FROM base AS b
        INNER JOIN pg_type AS t ON t.oid = b.base_oid
    )
    SELECT CASE
        WHEN b.oid = 'numeric'::regtype THEN format('trim_scale(%s)::text', p_value)
        WHEN b.oid IN ('real'::regtype, 'double precision'::regtype) THEN format('(%s + 0)::text', p_value)
        WHEN b.oid = 'interval'::regtype THEN format('justify_interval(%s)::text', p_value)
        WHEN b.oid IN ('text'::regtype, 'varchar'::regtype, 'bytea'::regtype)
            THEN format(
                'CASE WHEN octet_length(%1$s::text) > 1000 THEN left(%1$s::text, 100) || '' ... '' || md5(%1$s::text) '
                'ELSE %1$s::text END',
                p_value
            )
        ELSE format('%s::text', p_value)
    END
    FROM base AS b
    WHERE b.base_oid = 0;
$body$;

COMMENT ON FUNCTION sl._value_text IS 'Writes the text by which sl tells a value of a key into dynamic SQL';
