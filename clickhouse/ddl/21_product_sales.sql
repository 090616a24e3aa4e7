-- tshop.product_sales
--
-- Purpose: lines of orders by month and product: the current rows of cdm.product_sales, as far as published.
-- Columns: order_month: first day of the month of the orders (Europe/Moscow); product_category, product_name: as of the
--     order; order_cnt: orders; ordered_quantity, aborted_quantity, …: pieces, all of them and by the order's status;
--     total_amount: roubles of all lines; total_revenue: roubles of orders not Aborted; version_no, valid_from: the
--     version that the warehouse has of the row, and since when, UTC; run_id: the build that wrote it; imported_at:
--     when the row came here.
CREATE TABLE IF NOT EXISTS tshop.product_sales
(
    order_month Date32,
    product_category LowCardinality(String),
    product_name String,
    order_cnt Int64,
    ordered_quantity Int64,
    aborted_quantity Int64,
    paid_quantity Int64,
    pending_quantity Int64,
    completed_quantity Int64,
    total_amount Decimal(24, 2),
    total_revenue Decimal(24, 2),
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (order_month, product_category, product_name);
