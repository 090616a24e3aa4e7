-- raw.json_time(p_value jsonb) RETURNS timestamptz
--
-- Purpose: reads a time as documents have it.
-- Parameters: p_value: {"$date": ...} as MongoDB's Extended JSON has it, or a text: ISO 8601, or dd.mm.yyyy with
--     HH:MM:SS or without. A text without an offset is Moscow's time.
-- Returns: the time; NULL where there is none, or an empty text.
-- Errors: 22007, 22008 it is no time.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION raw.json_time(p_value jsonb)
RETURNS timestamptz
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
AS $body$
DECLARE
    v_text CONSTANT text := btrim(coalesce(p_value ->> '$date', p_value #>> '{}'));
BEGIN
    IF p_value #>> '{$date,$numberLong}' IS NOT NULL THEN
        RETURN 'epoch'::timestamptz + make_interval(secs => (p_value #>> '{$date,$numberLong}')::bigint / 1000.0);
    END IF;
    IF v_text ~ ':.*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' THEN
        RETURN v_text::timestamptz;
    END IF;
    RETURN regexp_replace(nullif(v_text, ''), '^([0-9]{2})[.]([0-9]{2})[.]([0-9]{4})', '\3-\2-\1')::timestamp
        AT TIME ZONE 'Europe/Moscow';
END;
$body$;

COMMENT ON FUNCTION raw.json_time IS 'Reads a time as documents have it: $date, ISO 8601 or dd.mm.yyyy';
