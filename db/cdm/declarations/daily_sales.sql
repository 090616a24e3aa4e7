-- cdm.daily_sales_image
--
-- Purpose: what cdm.daily_sales should say now: orders, their lines, returns and payments by the shop's local day of
--     the order (Europe/Moscow) and its channel.
-- Columns: those of cdm.daily_sales except the version's own.
-- Reads: cdm.current_order, cdm.order_line, dds.sale_return, dds.payment.
--
-- A return without an amount counts the line's amount in proportion to the pieces.
CREATE OR REPLACE VIEW cdm.daily_sales_image AS
SELECT
    d.sold_on,
    d.channel,
    sum(d.orders_cnt)::bigint AS orders_cnt,
    sum(d.quantity)::bigint AS quantity,
    sum(d.gross_amount)::numeric(24, 2) AS gross_amount,
    sum(d.returned_amount)::numeric(24, 2) AS returned_amount,
    (sum(d.gross_amount) - sum(d.returned_amount))::numeric(24, 2) AS net_amount,
    sum(d.paid_amount)::numeric(24, 2) AS paid_amount,
    sum(d.delivered_orders)::bigint AS delivered_orders,
    round(sum(d.delivery_seconds) / 86400 / nullif(sum(d.delivered_orders), 0), 2)::numeric(24, 2)
        AS avg_delivery_period
FROM (
    SELECT
        o.sold_on,
        o.channel,
        1 AS orders_cnt,
        0 AS quantity,
        0::numeric AS gross_amount,
        0::numeric AS returned_amount,
        0::numeric AS paid_amount,
        CASE WHEN o.delivered_at IS NULL THEN 0 ELSE 1 END AS delivered_orders,
        coalesce(extract(EPOCH FROM o.delivered_at - o.ordered_at), 0) AS delivery_seconds
    FROM cdm.current_order AS o
    UNION ALL
    SELECT l.sold_on, l.channel, 0, l.quantity, l.amount, 0, 0, 0, 0
    FROM cdm.order_line AS l
    WHERE l.status <> 'Aborted'
    UNION ALL
    SELECT
        l.sold_on, l.channel, 0, 0, 0,
        coalesce(r.amount, round(l.amount * r.quantity / nullif(l.quantity, 0), 2), 0),
        0, 0, 0
    FROM cdm.order_line AS l
    INNER JOIN dds.sale_return AS r ON r.sale_id = l.sale_id AND r.is_current
    WHERE l.status <> 'Aborted'
    UNION ALL
    SELECT
        o.sold_on,
        o.channel,
        0, 0, 0, 0,
        CASE p.status WHEN 'Refunded' THEN -p.amount ELSE p.amount END,
        0, 0
    FROM cdm.current_order AS o
    INNER JOIN dds.payment AS p ON p.order_id = o.order_id AND p.is_current AND p.status IN ('Succeeded', 'Refunded')
) AS d
GROUP BY d.sold_on, d.channel;

COMMENT ON VIEW cdm.daily_sales_image IS 'What cdm.daily_sales should say now, computed afresh from dds';
COMMENT ON COLUMN cdm.daily_sales_image.sold_on IS 'The shop''s local day of the orders (Europe/Moscow)';
COMMENT ON COLUMN cdm.daily_sales_image.channel IS 'Channel of the order; Unknown: it does not say';
COMMENT ON COLUMN cdm.daily_sales_image.orders_cnt IS 'Orders, those that are Aborted too';
COMMENT ON COLUMN cdm.daily_sales_image.quantity IS 'Pieces of orders that are not Aborted';
COMMENT ON COLUMN cdm.daily_sales_image.gross_amount IS 'Roubles of the lines of orders that are not Aborted';
COMMENT ON COLUMN cdm.daily_sales_image.returned_amount IS 'Roubles of the returns of these lines';
COMMENT ON COLUMN cdm.daily_sales_image.net_amount IS 'gross_amount less returned_amount';
COMMENT ON COLUMN cdm.daily_sales_image.paid_amount IS 'Roubles paid for these orders, less what went back';
COMMENT ON COLUMN cdm.daily_sales_image.delivered_orders IS 'Orders that were delivered';
COMMENT ON COLUMN cdm.daily_sales_image.avg_delivery_period IS
'Days from the order to its delivery, half up. NULL: none was delivered';

-- Orders, their lines, returns and payments by day and channel.
CALL sl.declare_mart(
    'daily_sales',
    p_key => '{sold_on,channel}',
    p_sources => '{payment,product,sale,sale_return,sales_order}',
    p_touched => 'cdm.touched_days_of_channels',
    p_group => '{sold_on}',
    p_published_as => 'tshop.daily_sales'
);
