-- shop.count_beat() RETURNS trigger
--
-- Purpose: counts each time that the relay writes its state: who copies the row sees whether one was left out.
CREATE OR REPLACE FUNCTION shop.count_beat()
RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    NEW.beats := OLD.beats + 1;
    RETURN NEW;
END;
$body$;

COMMENT ON FUNCTION shop.count_beat() IS 'Trigger: counts each time that the relay writes its state';
