-- tshop.user_sales
--
-- Purpose: orders by month and the loyalty status of their clients: the current rows of cdm.user_sales, as far as
--     published.
-- Columns: order_month: first day of the month of the orders (Europe/Moscow); loyalty_status: of the client as of the
--     order; orders_cnt, paid_orders, …: orders, all of them and by status; unique_users: clients, without guests;
--     total_order_amount, avg_order_amount: roubles of all orders; total_revenue: roubles of those not Aborted;
--     avg_delivery_period: days, NULL where none was delivered; version_no, valid_from: the version that the warehouse
--     has of the row, and since when, UTC; run_id: the build that wrote it; imported_at: when the row came here.
CREATE TABLE IF NOT EXISTS tshop.user_sales
(
    order_month Date32,
    loyalty_status LowCardinality(String),
    orders_cnt Int64,
    paid_orders Int64,
    completed_orders Int64,
    pending_orders Int64,
    aborted_orders Int64,
    unique_users Int64,
    total_order_amount Decimal(24, 2),
    avg_order_amount Nullable(Decimal(24, 2)),
    total_revenue Decimal(24, 2),
    avg_delivery_period Nullable(Decimal(24, 2)),
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (order_month, loyalty_status);
