-- dds.time_of_order(p_order_id bigint) RETURNS timestamptz
--
-- Purpose: when an order was ordered, for rules of what belongs to an order.
-- Parameters: p_order_id: key of the order; NULL gives NULL.
-- Returns: ordered_at of its current version. NULL: the order is not known, or deleted.
-- Errors: none.
-- Reads: dds.sales_order. Writes: nothing.
CREATE OR REPLACE FUNCTION dds.time_of_order(p_order_id bigint)
RETURNS timestamptz
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT o.ordered_at
        FROM dds.sales_order AS o
        WHERE o.order_id = p_order_id AND o.is_current
    );
END;
$body$;

COMMENT ON FUNCTION dds.time_of_order IS 'When an order was ordered; NULL: it is not known';
