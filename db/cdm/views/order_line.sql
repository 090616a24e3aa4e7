-- cdm.order_line
--
-- Purpose: the current lines of the current orders, with what marts say of them. A line whose order is not known is not
--     here: it waits for it.
-- Columns: sale_id, order_id, product_id, quantity: of the line; ordered_at, status: of the order; order_month,
--     week_start (a Monday), sold_on: the shop's local month, week and day of the order (Europe/Moscow); channel,
--     region: of the order, Unknown where it does not say; amount: roubles: the line's own, else unit_price times
--     quantity, else the product's price as of the order times quantity, else 0.
-- Reads: cdm.current_order, dds.sale, as dds.price_of_product.
CREATE OR REPLACE VIEW cdm.order_line AS
SELECT
    s.sale_id,
    s.order_id,
    o.ordered_at,
    date_trunc('month', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS order_month,
    date_trunc('week', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS week_start,
    o.sold_on,
    o.status,
    o.channel,
    o.region,
    s.product_id,
    s.quantity,
    coalesce(
        s.amount,
        s.unit_price * s.quantity,
        dds.price_of_product(s.product_id, o.ordered_at) * s.quantity,
        0
    )::numeric(24, 2) AS amount
FROM cdm.current_order AS o
INNER JOIN dds.sale AS s ON s.order_id = o.order_id
WHERE s.is_current;

COMMENT ON VIEW cdm.order_line IS 'The current lines of the current orders, with what marts say of them';
COMMENT ON COLUMN cdm.order_line.sale_id IS 'Key of the line, as in dds.sale';
COMMENT ON COLUMN cdm.order_line.order_id IS 'Key of the order, as in dds.sales_order';
COMMENT ON COLUMN cdm.order_line.ordered_at IS 'When it was ordered';
COMMENT ON COLUMN cdm.order_line.order_month IS 'First day of the shop''s local month of the order (Europe/Moscow)';
COMMENT ON COLUMN cdm.order_line.week_start IS 'Monday of the shop''s local week of the order';
COMMENT ON COLUMN cdm.order_line.sold_on IS 'The shop''s local day of the order';
COMMENT ON COLUMN cdm.order_line.status IS 'Pending, Paid, Completed or Aborted: of the order';
COMMENT ON COLUMN cdm.order_line.channel IS 'Channel of the order; Unknown: it does not say';
COMMENT ON COLUMN cdm.order_line.region IS 'Region of the order; Unknown: it does not say';
COMMENT ON COLUMN cdm.order_line.product_id IS 'Product that was ordered';
COMMENT ON COLUMN cdm.order_line.quantity IS 'Pieces; below zero: a return or a correction';
COMMENT ON COLUMN cdm.order_line.amount IS 'Roubles; 0: no price is known';
