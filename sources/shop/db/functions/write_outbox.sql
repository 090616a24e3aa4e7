-- shop.write_outbox() RETURNS trigger
--
-- Purpose: writes the message of each change into the outbox, in the transaction of the change, whoever makes it.
-- Reads: shop.orders. Writes: shop.outbox, shop.deleted_row, shop.order_details.
--
-- With the rights of its owner: who changes the shop's rows cannot touch the outbox by itself. A row whose id changes
-- is one row deleted and another created.
CREATE OR REPLACE FUNCTION shop.write_outbox()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $body$
DECLARE
    v_is_gone CONSTANT boolean := TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id);
    v_gone_at timestamptz;
BEGIN
    IF v_is_gone THEN
        v_gone_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
        INSERT INTO shop.outbox (aggregatetype, aggregateid, type, occurred_at)
        VALUES (TG_TABLE_NAME, OLD.id, TG_TABLE_NAME || '_deleted', v_gone_at);
        INSERT INTO shop.deleted_row (aggregatetype, row_id, deleted_at)
        VALUES (TG_TABLE_NAME, OLD.id, v_gone_at)
        ON CONFLICT (aggregatetype, row_id) DO UPDATE SET deleted_at = excluded.deleted_at;
    END IF;
    IF TG_OP = 'INSERT' AND TG_TABLE_NAME = 'order_details' THEN
        -- Whoever changes the order's client waits, and then sees the line, or is waited for.
        PERFORM FROM shop.orders AS o WHERE o.id = NEW.order_id FOR NO KEY UPDATE;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM shop._put_message(
            TG_TABLE_NAME, to_jsonb(NEW), CASE WHEN TG_OP = 'INSERT' OR v_is_gone THEN 'created' ELSE 'changed' END
        );
    END IF;
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION shop.write_outbox() IS 'Trigger: writes the message of a change into the outbox';
