-- cdm.user_sales_image
--
-- Purpose: what cdm.user_sales should say now: orders by the shop's local month (Europe/Moscow) and the loyalty status
--     that the client had as of the order.
-- Columns: those of cdm.user_sales except the version's own.
-- Reads: dds.sales_order, dds.client.
--
-- The client's version is the one valid at ordered_at; before the first version the first one, in a gap the last one
-- before it (docs/history.md). These two are rare, and looked for by index probes; the join takes the clients in one
-- pass where a month has many orders.
CREATE OR REPLACE VIEW cdm.user_sales_image AS
SELECT
    o.order_month,
    o.loyalty_status,
    count(*) AS orders_cnt,
    count(*) FILTER (WHERE o.status = 'Paid') AS paid_orders,
    count(*) FILTER (WHERE o.status = 'Completed') AS completed_orders,
    count(*) FILTER (WHERE o.status = 'Pending') AS pending_orders,
    count(*) FILTER (WHERE o.status = 'Aborted') AS aborted_orders,
    count(DISTINCT o.client_id) AS unique_users,
    sum(o.total_amount)::numeric(24, 2) AS total_order_amount,
    round(sum(o.total_amount) / count(*), 2)::numeric(24, 2) AS avg_order_amount,
    coalesce(sum(o.total_amount) FILTER (WHERE o.status <> 'Aborted'), 0)::numeric(24, 2) AS total_revenue,
    round(
        sum(extract(EPOCH FROM o.delivered_at - o.ordered_at)) / 86400 / count(o.delivered_at), 2
    )::numeric(24, 2) AS avg_delivery_period
FROM (
    SELECT
        date_trunc('month', v.ordered_at AT TIME ZONE 'Europe/Moscow')::date AS order_month,
        CASE
            WHEN c.loyalty_status IN ('Platinum', 'Gold', 'Silver', 'Basic') THEN c.loyalty_status
            WHEN sl.is_blank(c.loyalty_status) THEN 'Unknown'
            ELSE left(c.loyalty_status, 200)
        END AS loyalty_status,
        v.status,
        v.client_id,
        v.total_amount,
        v.ordered_at,
        v.delivered_at
    FROM dds.sales_order AS v
    LEFT JOIN dds.client AS k
        ON k.client_id = v.client_id AND v.ordered_at >= k.valid_from AND v.ordered_at < k.valid_to
    LEFT JOIN LATERAL (
        (
            SELECT w.loyalty_status
            FROM dds.client AS w
            WHERE k.client_id IS NULL AND w.client_id = v.client_id AND w.valid_from <= v.ordered_at
            ORDER BY w.valid_from DESC
            LIMIT 1
        )
        UNION ALL
        (
            SELECT w.loyalty_status
            FROM dds.client AS w
            WHERE k.client_id IS NULL AND w.client_id = v.client_id
            ORDER BY w.valid_from
            LIMIT 1
        )
        LIMIT 1
    ) AS f ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN k.client_id IS NULL THEN f.loyalty_status ELSE k.loyalty_status END
    ) AS c (loyalty_status)
    WHERE v.is_current
) AS o
GROUP BY o.order_month, o.loyalty_status;

COMMENT ON VIEW cdm.user_sales_image IS 'What cdm.user_sales should say now, computed afresh from dds';
COMMENT ON COLUMN cdm.user_sales_image.order_month IS
'First day of the shop''s local month of the orders (Europe/Moscow)';
COMMENT ON COLUMN cdm.user_sales_image.loyalty_status IS
'Loyalty status of the client as of the order; Unknown: of guests, and where it is not known';
COMMENT ON COLUMN cdm.user_sales_image.orders_cnt IS 'Orders';
COMMENT ON COLUMN cdm.user_sales_image.paid_orders IS 'Orders that are Paid';
COMMENT ON COLUMN cdm.user_sales_image.completed_orders IS 'Orders that are Completed';
COMMENT ON COLUMN cdm.user_sales_image.pending_orders IS 'Orders that are Pending';
COMMENT ON COLUMN cdm.user_sales_image.aborted_orders IS 'Orders that are Aborted';
COMMENT ON COLUMN cdm.user_sales_image.unique_users IS 'Different clients; guests are none';
COMMENT ON COLUMN cdm.user_sales_image.total_order_amount IS 'Roubles, of all orders';
COMMENT ON COLUMN cdm.user_sales_image.avg_order_amount IS 'Roubles an order, of all orders, half up';
COMMENT ON COLUMN cdm.user_sales_image.total_revenue IS 'Roubles, of orders that are not Aborted';
COMMENT ON COLUMN cdm.user_sales_image.avg_delivery_period IS
'Days from the order to its delivery, half up, of orders that have one. NULL: none has';

-- Orders by month and the client's loyalty status as of the order.
CALL sl.declare_mart(
    'user_sales',
    p_key => '{order_month,loyalty_status}',
    p_sources => '{client,sales_order}',
    p_touched => 'cdm.touched_months_of_users',
    p_group => '{order_month}',
    p_published_as => 'tshop.user_sales'
);
