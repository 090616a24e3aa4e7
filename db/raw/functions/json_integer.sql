-- raw.json_integer(p_value jsonb) RETURNS bigint
--
-- Purpose: reads a whole number as documents have it, such as a number of pieces.
-- Parameters: p_value: as of raw.json_number.
-- Returns: the number; NULL where there is none, or an empty text.
-- Errors: 22P02 it is no number, or not a whole one; 22003 it is too large.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION raw.json_integer(p_value jsonb)
RETURNS bigint
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    -- By a text: a number would be rounded.
    RETURN trim_scale(raw.json_number(p_value))::text::bigint;
END;
$body$;

COMMENT ON FUNCTION raw.json_integer IS 'Reads a whole number as documents have it';
