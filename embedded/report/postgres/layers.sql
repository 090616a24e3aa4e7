-- Per table: its rows (all versions where it keeps history), the keys they are of, and those with a current version.
-- In raw a row is a key, current unless it is deleted.
WITH layer (position, table_name, row_count, keys, current) AS (
    SELECT
        1,
        'raw.client',
        count(*),
        count(*),
        count(*) FILTER (WHERE is_deleted IS NOT TRUE)
    FROM raw.client
    UNION ALL
    SELECT
        2,
        'raw.product',
        count(*),
        count(*),
        count(*) FILTER (WHERE is_deleted IS NOT TRUE)
    FROM raw.product
    UNION ALL
    SELECT
        3,
        'raw.sale',
        count(*),
        count(*),
        count(*) FILTER (WHERE is_deleted IS NOT TRUE)
    FROM raw.sale
    UNION ALL
    SELECT
        4,
        'dds.client',
        count(*),
        count(DISTINCT client_id),
        count(*) FILTER (WHERE is_current)
    FROM dds.client
    UNION ALL
    SELECT
        5,
        'dds.product',
        count(*),
        count(DISTINCT product_id),
        count(*) FILTER (WHERE is_current)
    FROM dds.product
    UNION ALL
    SELECT
        6,
        'dds.sale',
        count(*),
        count(DISTINCT sale_id),
        count(*) FILTER (WHERE is_current)
    FROM dds.sale
    UNION ALL
    SELECT
        7,
        'cdm.sales_mart',
        count(*),
        count(DISTINCT sale_id),
        count(*) FILTER (WHERE is_current)
    FROM cdm.sales_mart
)
SELECT
    table_name,
    row_count,
    keys,
    current
FROM layer
ORDER BY position
