-- shop.carry_return() RETURNS trigger
--
-- Purpose: carries each change of shop.returns into raw.sale_return.
-- Parameters: none.
-- Returns: nothing that counts: it is called after the change.
-- Errors: none of its own.
-- Reads: raw.sale_return, shop.deleted_row. Writes: raw.sale_return.
--
-- With the rights of its owner: the subscription's worker writes the mirror and nothing else. A deletion bears no time:
-- shop.deleted_row, which the shop writes before it deletes, has it. Where it has not come yet (while the mirrors are
-- copied), the deletion counts from the last state on: it is never later than a state that follows. What raw holds
-- already is not written again.
CREATE OR REPLACE FUNCTION shop.carry_return()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_web CONSTANT bigint := 1000000000000;
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id) THEN
        UPDATE raw.sale_return AS r
        SET
            is_deleted = true,
            updated_at = greatest(
                (
                    SELECT d.deleted_at
                    FROM shop.deleted_row AS d
                    WHERE d.aggregatetype = 'returns' AND d.row_id = OLD.id
                ),
                r.updated_at + interval '1 microsecond'
            )
        WHERE r.return_id = OLD.id + c_web AND r.is_deleted IS NOT TRUE;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO raw.sale_return AS r (
            return_id, sale_id, returned_at, quantity, amount, reason, updated_at, is_deleted
        )
        VALUES (
            NEW.id + c_web,
            NEW.order_detail_id + c_web,
            NEW.returned_at,
            NEW.quantity,
            NEW.amount,
            NEW.reason,
            NEW.updated_at,
            false
        )
        ON CONFLICT (return_id) DO UPDATE
        SET
            sale_id = excluded.sale_id,
            returned_at = excluded.returned_at,
            quantity = excluded.quantity,
            amount = excluded.amount,
            reason = excluded.reason,
            updated_at = excluded.updated_at,
            is_deleted = excluded.is_deleted
        WHERE
            (
                r.sale_id,
                r.returned_at,
                r.quantity,
                r.amount,
                r.reason,
                r.updated_at,
                r.is_deleted
            ) IS DISTINCT FROM (
                excluded.sale_id,
                excluded.returned_at,
                excluded.quantity,
                excluded.amount,
                excluded.reason,
                excluded.updated_at,
                excluded.is_deleted
            );
    END IF;
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION shop.carry_return() IS 'Trigger: carries each change of shop.returns into raw.sale_return';
