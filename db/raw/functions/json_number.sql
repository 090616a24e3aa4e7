-- raw.json_number(p_value jsonb) RETURNS numeric
--
-- Purpose: reads a number as documents have it.
-- Parameters: p_value: a number, {"$numberDecimal": ...} and the like as MongoDB's Extended JSON has them, or a text,
--     such as "1 299,90": blanks part thousands, and one or two decimals follow a point or a comma.
-- Returns: the number; NULL where there is none, or an empty text.
-- Errors: 22P02 it is no number, or none that is finite; or a text such as "1,299", which may be a thousand and more or
--     a little more than one, or "12 50".
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION raw.json_number(p_value jsonb)
RETURNS numeric
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_blanks CONSTANT text := E' \u00a0\u202f';
    v_number CONSTANT text := coalesce(
        p_value ->> '$numberDecimal', p_value ->> '$numberLong', p_value ->> '$numberDouble'
    );
    v_text CONSTANT text := btrim(coalesce(v_number, p_value #>> '{}'), c_blanks);
BEGIN
    IF jsonb_typeof(p_value) = 'number' THEN
        RETURN p_value::numeric;
    END IF;
    IF
        v_text <> ''
        AND (
            CASE
                WHEN v_number IS NOT NULL THEN v_text ~* '(nan|inf)'
                ELSE v_text !~ format('^[+-]?([0-9]+|[0-9]{1,3}([%s][0-9]{3})+)([.,][0-9]{1,2})?$', c_blanks)
            END
        )
    THEN
        RAISE EXCEPTION USING
            ERRCODE = '22P02',
            MESSAGE = format('invalid number: "%s"', left(v_text, 100));
    END IF;
    RETURN nullif(translate(v_text, ',' || c_blanks, '.'), '')::numeric;
END;
$body$;

COMMENT ON FUNCTION raw.json_number IS 'Reads a number as documents have it: a number, or a text such as 1 299,90';
