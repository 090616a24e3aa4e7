-- dds.amount_of_lines(p_order_id bigint, p_ordered_at timestamptz) RETURNS numeric
--
-- Purpose: what the lines of an order cost together, for the rule that compares it with the order's total.
-- Parameters: p_order_id: key of the order; p_ordered_at: when it was ordered, for prices.
-- Returns: roubles. NULL: no line of the order is known.
-- Errors: none.
-- Reads: dds.sale, dds.product. Writes: nothing.
CREATE OR REPLACE FUNCTION dds.amount_of_lines(p_order_id bigint, p_ordered_at timestamptz)
RETURNS numeric
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT
            sum(
                coalesce(
                    s.amount,
                    s.unit_price * s.quantity,
                    dds.price_of_product(s.product_id, p_ordered_at) * s.quantity,
                    0
                )
            )
        FROM dds.sale AS s
        WHERE s.order_id = p_order_id AND s.is_current
    );
END;
$body$;

COMMENT ON FUNCTION dds.amount_of_lines IS 'What the lines of an order cost together; NULL: none is known';
