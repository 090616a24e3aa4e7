-- tshop.sales_mart
--
-- Purpose: every version of cdm.sales_mart, as far as published. Written by publish.sql only.
-- Columns: those of cdm.sales_mart_export. sold_on is the shop's local day (Europe/Moscow); price and total_amount are
--     roubles; 0 or '' is unknown, but client_age is NULL then; valid_to of an open version is 2299-12-31.
--
-- Current versions lie in a partition of their own, so that what dashboards read never touches closed ones. There is no
-- partition a month: a part is sorted by sold_on, which finds a month as well, and a build of 27 years would write 323
-- parts, each with its files, projections and hard links. sold_on is Date32 because a Date would silently move days
-- before 1970.
CREATE TABLE IF NOT EXISTS tshop.sales_mart
(
    sale_id Int64 CODEC(Delta, ZSTD(1)),
    version_no Int32 CODEC(ZSTD(1)),
    order_id Int64 CODEC(Delta, ZSTD(1)),
    sold_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    sold_on Date32 CODEC(Delta, ZSTD(1)),
    client_id Int64 CODEC(ZSTD(1)),
    client_sk Int64 CODEC(ZSTD(1)),
    client String CODEC(ZSTD(1)),
    client_age Nullable(Int16) CODEC(ZSTD(1)),
    product_id Int64 CODEC(ZSTD(1)),
    product_sk Int64 CODEC(ZSTD(1)),
    product LowCardinality(String),
    category LowCardinality(String),
    size LowCardinality(String),
    price Decimal(12, 2) CODEC(ZSTD(1)),
    quantity Int32 CODEC(ZSTD(1)),
    total_amount Decimal(22, 2) CODEC(ZSTD(1)),
    valid_from DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    valid_to DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    is_current UInt8,
    run_id Int64 CODEC(ZSTD(1)),
    INDEX sales_mart_run_idx run_id TYPE minmax GRANULARITY 1
)
PARTITION BY is_current
ORDER BY (sold_on, sale_id, version_no);
