-- raw.json_date(p_value jsonb) RETURNS date
--
-- Purpose: reads a day as documents have it, such as a birth date.
-- Parameters: p_value: as of raw.json_time. {"$date": ...} is midnight in UTC.
-- Returns: the day; NULL where there is none, or an empty text.
-- Errors: 22007, 22008 it is no day.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION raw.json_date(p_value jsonb)
RETURNS date
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
AS $body$
BEGIN
    IF p_value -> '$date' IS NOT NULL THEN
        RETURN (raw.json_time(p_value) AT TIME ZONE 'UTC')::date;
    END IF;
    RETURN regexp_replace(
        nullif(btrim(p_value #>> '{}'), ''), '^([0-9]{2})[.]([0-9]{2})[.]([0-9]{4})', '\3-\2-\1'
    )::date;
END;
$body$;

COMMENT ON FUNCTION raw.json_date IS 'Reads a day as documents have it: $date, ISO 8601 or dd.mm.yyyy';
