-- shop.carry_delivery() RETURNS trigger
--
-- Purpose: carries each change of shop.deliveries into raw.delivery.
-- Parameters: none.
-- Returns: nothing that counts: it is called after the change.
-- Errors: none of its own.
-- Reads: raw.delivery, shop.deleted_row. Writes: raw.delivery.
--
-- With the rights of its owner: the subscription's worker writes the mirror and nothing else. A deletion bears no time:
-- shop.deleted_row, which the shop writes before it deletes, has it. Where it has not come yet (while the mirrors are
-- copied), the deletion counts from the last state on: it is never later than a state that follows. What raw holds
-- already is not written again.
CREATE OR REPLACE FUNCTION shop.carry_delivery()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_web CONSTANT bigint := 1000000000000;
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id) THEN
        UPDATE raw.delivery AS r
        SET
            is_deleted = true,
            updated_at = greatest(
                (
                    SELECT d.deleted_at
                    FROM shop.deleted_row AS d
                    WHERE d.aggregatetype = 'deliveries' AND d.row_id = OLD.id
                ),
                r.updated_at + interval '1 microsecond'
            )
        WHERE r.delivery_id = OLD.id + c_web AND r.is_deleted IS NOT TRUE;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO raw.delivery AS r (
            delivery_id, order_id, shipped_at, delivered_at, carrier, status, updated_at, is_deleted
        )
        VALUES (
            NEW.id + c_web,
            NEW.order_id + c_web,
            NEW.shipped_at,
            NEW.delivered_at,
            NEW.carrier,
            NEW.status,
            NEW.updated_at,
            false
        )
        ON CONFLICT (delivery_id) DO UPDATE
        SET
            order_id = excluded.order_id,
            shipped_at = excluded.shipped_at,
            delivered_at = excluded.delivered_at,
            carrier = excluded.carrier,
            status = excluded.status,
            updated_at = excluded.updated_at,
            is_deleted = excluded.is_deleted
        WHERE
            (
                r.order_id,
                r.shipped_at,
                r.delivered_at,
                r.carrier,
                r.status,
                r.updated_at,
                r.is_deleted
            ) IS DISTINCT FROM (
                excluded.order_id,
                excluded.shipped_at,
                excluded.delivered_at,
                excluded.carrier,
                excluded.status,
                excluded.updated_at,
                excluded.is_deleted
            );
    END IF;
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION shop.carry_delivery() IS 'Trigger: carries each change of shop.deliveries into raw.delivery';
