-- shop.set_updated_at() RETURNS trigger
--
-- Purpose: sets updated_at at each change of a row: strictly greater than before, also where several changes fall in
--     one microsecond, and where the clock steps back.
CREATE OR REPLACE FUNCTION shop.set_updated_at()
RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    NEW.updated_at := CASE
        WHEN TG_OP = 'INSERT' THEN pg_catalog.clock_timestamp()
        ELSE GREATEST(pg_catalog.clock_timestamp(), OLD.updated_at + interval '1 microsecond')
    END;
    RETURN NEW;
END;
$body$;

COMMENT ON FUNCTION shop.set_updated_at() IS 'Trigger: sets updated_at, greater at each change of a row';
