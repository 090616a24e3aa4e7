-- tshop.region_sales
--
-- Purpose: lines of orders by week, region and product: the current rows of cdm.region_sales, as far as published.
-- Columns: week_start: Monday of the week of the orders (Europe/Moscow); sales_cnt: lines; quantity: pieces;
--     total_amount, average_sale_amount: roubles; region_share: share of the region's amount of the week, NULL where
--     that is 0; rank_in_region: by amount, 1 is the greatest; version_no, valid_from: the version that the warehouse
--     has of the row, and since when, UTC; run_id: the build that wrote it; imported_at: when the row came here.
CREATE TABLE IF NOT EXISTS tshop.region_sales
(
    week_start Date32,
    region LowCardinality(String),
    product_id Int64,
    sales_cnt Int64,
    quantity Int64,
    total_amount Decimal(24, 2),
    average_sale_amount Nullable(Decimal(24, 2)),
    region_share Nullable(Decimal(24, 6)),
    rank_in_region Int64,
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (week_start, region, product_id);
