-- tshop.status_time
--
-- Purpose: how long orders stay in a status, by month: the current rows of cdm.status_time, as far as published.
-- Columns: order_month: first day of the month of the orders (Europe/Moscow); orders_cnt: orders that are or were in
--     the status; left_cnt: stays that are over; avg_hours: hours a stay, NULL where none is over; version_no,
--     valid_from: the version that the warehouse has of the row, and since when, UTC; run_id: the build that wrote it;
--     imported_at: when the row came here.
CREATE TABLE IF NOT EXISTS tshop.status_time
(
    order_month Date32,
    status LowCardinality(String),
    orders_cnt Int64,
    left_cnt Int64,
    avg_hours Nullable(Decimal(24, 2)),
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (order_month, status);
