-- shop.carry_transaction() RETURNS trigger
--
-- Purpose: carries each change of shop.transactions into raw.payment.
-- Parameters: none.
-- Returns: nothing that counts: it is called after the change.
-- Errors: none of its own.
-- Reads: raw.payment, shop.deleted_row. Writes: raw.payment.
--
-- With the rights of its owner: the subscription's worker writes the mirror and nothing else. A deletion bears no time:
-- shop.deleted_row, which the shop writes before it deletes, has it. Where it has not come yet (while the mirrors are
-- copied), the deletion counts from the last state on: it is never later than a state that follows. What raw holds
-- already is not written again.
CREATE OR REPLACE FUNCTION shop.carry_transaction()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_web CONSTANT bigint := 1000000000000;
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id) THEN
        UPDATE raw.payment AS r
        SET
            is_deleted = true,
            updated_at = greatest(
                (
                    SELECT d.deleted_at
                    FROM shop.deleted_row AS d
                    WHERE d.aggregatetype = 'transactions' AND d.row_id = OLD.id
                ),
                r.updated_at + interval '1 microsecond'
            )
        WHERE r.payment_id = OLD.id + c_web AND r.is_deleted IS NOT TRUE;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO raw.payment AS r (
            payment_id, order_id, paid_at, amount, method, status, updated_at, is_deleted
        )
        VALUES (
            NEW.id + c_web, NEW.order_id + c_web, NEW.paid_at, NEW.amount, NEW.method, NEW.status, NEW.updated_at, false
        )
        ON CONFLICT (payment_id) DO UPDATE
        SET
            order_id = excluded.order_id,
            paid_at = excluded.paid_at,
            amount = excluded.amount,
            method = excluded.method,
            status = excluded.status,
            updated_at = excluded.updated_at,
            is_deleted = excluded.is_deleted
        WHERE
            (
                r.order_id,
                r.paid_at,
                r.amount,
                r.method,
                r.status,
                r.updated_at,
                r.is_deleted
            ) IS DISTINCT FROM (
                excluded.order_id,
                excluded.paid_at,
                excluded.amount,
                excluded.method,
                excluded.status,
                excluded.updated_at,
                excluded.is_deleted
            );
    END IF;
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION shop.carry_transaction() IS 'Trigger: carries each change of shop.transactions into raw.payment';
