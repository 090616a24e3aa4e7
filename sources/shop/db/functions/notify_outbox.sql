-- shop.notify_outbox() RETURNS trigger
--
-- Purpose: wakes the relay when the transaction commits. The relay also looks by itself: a lost call costs a second.
CREATE OR REPLACE FUNCTION shop.notify_outbox()
RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM pg_catalog.pg_notify('outbox', '');
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION shop.notify_outbox() IS 'Trigger: wakes the relay when the transaction commits';
