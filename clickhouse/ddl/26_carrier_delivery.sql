-- tshop.carrier_delivery
--
-- Purpose: deliveries by month and carrier: the current rows of cdm.carrier_delivery, as far as published.
-- Columns: shipped_month: first day of the month of the shipping (Europe/Moscow); deliveries_cnt, delivered_cnt,
--     lost_cnt, late_cnt: deliveries, all of them, by status, and those that took more than seven days; avg_days: days
--     from shipping to delivery, NULL where none was delivered; version_no, valid_from: the version that the warehouse
--     has of the row, and since when, UTC; run_id: the build that wrote it; imported_at: when the row came here.
CREATE TABLE IF NOT EXISTS tshop.carrier_delivery
(
    shipped_month Date32,
    carrier LowCardinality(String),
    deliveries_cnt Int64,
    delivered_cnt Int64,
    lost_cnt Int64,
    late_cnt Int64,
    avg_days Nullable(Decimal(24, 2)),
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (shipped_month, carrier);
