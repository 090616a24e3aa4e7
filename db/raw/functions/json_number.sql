-- raw.json_number(p_value jsonb) RETURNS numeric
--
-- Purpose: reads a number as documents have it.
-- Parameters: p_value: a number, {"$numberDecimal": ...} and the like as MongoDB's Extended JSON has them, or a text,
--     such as "1 299,90": blanks part thousands, and a comma is a point.
-- Returns: the number; NULL where there is none, or an empty text.
-- Errors: 22P02 it is no number, or none that is finite.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION raw.json_number(p_value jsonb)
RETURNS numeric
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_text CONSTANT text := coalesce(
        p_value ->> '$numberDecimal', p_value ->> '$numberLong', p_value ->> '$numberDouble', p_value #>> '{}'
    );
BEGIN
    IF jsonb_typeof(p_value) = 'number' THEN
        RETURN p_value::numeric;
    END IF;
    IF v_text ~* '(nan|inf)' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22P02',
            MESSAGE = format('invalid number: "%s"', left(v_text, 100));
    END IF;
    RETURN nullif(translate(v_text, E', \u00a0\u202f', '.'), '')::numeric;
END;
$body$;

COMMENT ON FUNCTION raw.json_number IS 'Reads a number as documents have it: a number, or a text such as 1 299,90';
