-- shop.touch_lines() RETURNS trigger
--
-- Purpose: the message of a line bears the client and the time of its order: where these change, the lines are told of
--     again.
-- Writes: shop.order_details.
CREATE OR REPLACE FUNCTION shop.touch_lines()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF (OLD.user_id, OLD.ordered_at) IS DISTINCT FROM (NEW.user_id, NEW.ordered_at) THEN
        UPDATE shop.order_details SET updated_at = clock_timestamp() WHERE order_id = NEW.id;
    END IF;
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION shop.touch_lines() IS 'Trigger: tells of the lines again where client or time of an order change';
