-- tshop.daily_sales
--
-- Purpose: orders and money by day and channel: the current rows of cdm.daily_sales, as far as published.
-- Columns: sold_on: day of the orders (Europe/Moscow); orders_cnt: all orders; quantity, gross_amount: pieces and
--     roubles of orders not Aborted; returned_amount: roubles of the returns of their lines; net_amount: the
--     difference; paid_amount: roubles paid less refunded; delivered_orders: orders; avg_delivery_period: days, NULL
--     where none was delivered; version_no, valid_from: the version that the warehouse has of the row, and since when,
--     UTC; run_id: the build that wrote it; imported_at: when the row came here.
CREATE TABLE IF NOT EXISTS tshop.daily_sales
(
    sold_on Date32,
    channel LowCardinality(String),
    orders_cnt Int64,
    quantity Int64,
    gross_amount Decimal(24, 2),
    returned_amount Decimal(24, 2),
    net_amount Decimal(24, 2),
    paid_amount Decimal(24, 2),
    delivered_orders Int64,
    avg_delivery_period Nullable(Decimal(24, 2)),
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (sold_on, channel);
