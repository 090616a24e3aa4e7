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

-- tshop.sales_mart, aggregates
--
-- Purpose: what lets dashboards answer for a year of 100 million lines in about a second: the age group, held once, and
--     projections, which ClickHouse keeps beside each part and reads by itself where a query asks for no more than they
--     hold, whatever view or tool it comes from. They are as exact as the rows: sums, and bitmaps of the ids.
-- Columns: age_group: the client's age on the day of the sale, in bands; 'unknown' without a birth date.
--
-- day_by_size, which is by category, too, and day_by_age answer for one kind of filter, day_by_all for any, but for
-- different clients, whose bitmaps are too sparse there: those are counted in the rows.
--
-- A mutation builds the projections of the parts it touches anew, and takes its time with each part, touched or not: of
-- 256 MiB, some eight million rows, a month that is over is one or two parts, and the days that corrections are for lie
-- in smaller ones; one for an old month costs the whole part.
ALTER TABLE tshop.sales_mart
ADD COLUMN IF NOT EXISTS age_group LowCardinality(String) MATERIALIZED multiIf(
    client_age IS NULL, 'unknown',
    client_age < 18, 'under 18',
    client_age < 25, '18-24',
    client_age < 35, '25-34',
    client_age < 45, '35-44',
    client_age < 55, '45-54',
    client_age < 65, '55-64',
    '65+'
),
ADD INDEX IF NOT EXISTS sales_mart_sale_idx sale_id TYPE minmax GRANULARITY 1,
ADD PROJECTION IF NOT EXISTS day_by_age_group (
    SELECT
        is_current,
        sold_on,
        age_group,
        count(),
        sum(quantity),
        sum(total_amount),
        avg(client_age),
        groupBitmap(order_id),
        groupBitmap(client_id)
    GROUP BY
        is_current,
        sold_on,
        age_group
),
ADD PROJECTION IF NOT EXISTS day_by_category_and_size (
    SELECT
        is_current,
        sold_on,
        category,
        size,
        count(),
        sum(quantity),
        sum(total_amount),
        avg(client_age),
        groupBitmap(order_id),
        groupBitmap(client_id)
    GROUP BY
        is_current,
        sold_on,
        category,
        size
),
ADD PROJECTION IF NOT EXISTS day_by_all (
    SELECT
        is_current,
        sold_on,
        category,
        size,
        age_group,
        count(),
        sum(quantity),
        sum(total_amount),
        avg(client_age),
        groupBitmap(order_id)
    GROUP BY
        is_current,
        sold_on,
        category,
        size,
        age_group
),
MODIFY SETTING
    lightweight_mutation_projection_mode = 'rebuild',
    max_bytes_to_merge_at_max_space_in_pool = 268435456;

-- A guest's client_id is 0, which groupBitmap(client_id) counts as a client: projections with groupBitmapIf take the place
-- of those two. Old parts get them before the old ones go, so that charts stay quick meanwhile.
ALTER TABLE tshop.sales_mart
ADD PROJECTION IF NOT EXISTS day_by_age (
    SELECT
        is_current,
        sold_on,
        age_group,
        count(),
        sum(quantity),
        sum(total_amount),
        avg(client_age),
        groupBitmap(order_id),
        groupBitmapIf(client_id, client_id <> 0)
    GROUP BY
        is_current,
        sold_on,
        age_group
),
ADD PROJECTION IF NOT EXISTS day_by_size (
    SELECT
        is_current,
        sold_on,
        category,
        size,
        count(),
        sum(quantity),
        sum(total_amount),
        avg(client_age),
        groupBitmap(order_id),
        groupBitmapIf(client_id, client_id <> 0)
    GROUP BY
        is_current,
        sold_on,
        category,
        size
);

ALTER TABLE tshop.sales_mart
MATERIALIZE PROJECTION day_by_age,
MATERIALIZE PROJECTION day_by_size
SETTINGS mutations_sync = 2;

ALTER TABLE tshop.sales_mart
DROP PROJECTION IF EXISTS day_by_age_group,
DROP PROJECTION IF EXISTS day_by_category_and_size
SETTINGS mutations_sync = 2;
