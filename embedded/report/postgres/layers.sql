-- Per table: its rows (all versions where it keeps history), the keys they are of, and those with a current version.
-- In raw a row is a key, current unless it is deleted.
SELECT
    'raw.client' AS table_name,
    count(*) AS row_count,
    count(*) AS keys,
    count(*) FILTER (WHERE is_deleted IS NOT TRUE) AS current
FROM raw.client
UNION ALL
SELECT
    'raw.product',
    count(*),
    count(*),
    count(*) FILTER (WHERE is_deleted IS NOT TRUE)
FROM raw.product
UNION ALL
SELECT
    'raw.sale',
    count(*),
    count(*),
    count(*) FILTER (WHERE is_deleted IS NOT TRUE)
FROM raw.sale
UNION ALL
SELECT
    'dds.client',
    count(*),
    count(DISTINCT client_id),
    count(*) FILTER (WHERE is_current)
FROM dds.client
UNION ALL
SELECT
    'dds.product',
    count(*),
    count(DISTINCT product_id),
    count(*) FILTER (WHERE is_current)
FROM dds.product
UNION ALL
SELECT
    'dds.sale',
    count(*),
    count(DISTINCT sale_id),
    count(*) FILTER (WHERE is_current)
FROM dds.sale
UNION ALL
SELECT
    'cdm.sales_mart',
    count(*),
    count(DISTINCT sale_id),
    count(*) FILTER (WHERE is_current)
FROM cdm.sales_mart
