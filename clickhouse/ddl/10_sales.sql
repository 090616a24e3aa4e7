-- tshop.sales
--
-- Purpose: what dashboards read: the current version of each sale line, one row a sale_id.
-- Columns: sold_on is the shop's local day (Europe/Moscow); price and total_amount are roubles; client_age is full
--     years on that day, NULL when unknown; age_group puts it into bands; size_group tells sizes apart that are written
--     alike: jeans of size 38 and shoes of size 38.
-- Reads: tshop.sales_mart. A query that names this view sees whole batches only: publishing swaps the table under it.
--
-- The settings let all cores share what is left to read: aggregates are few rows, but of many bitmaps each.
CREATE OR REPLACE VIEW tshop.sales AS
SELECT
    sale_id,
    order_id,
    sold_at,
    sold_on,
    client_id,
    client,
    client_age,
    age_group,
    product_id,
    product,
    category,
    size,
    multiIf(
        size = '', 'unknown',
        match(size, '^[0-9]*X*[SML]$'), 'letters',
        match(size, '^[0-9]+-[0-9]+$'), 'socks',
        match(size, '^[0-9.,]+$'), if(category = 'Обувь', 'shoes', 'waist'),
        'other'
    ) AS size_group,
    price,
    quantity,
    total_amount,
    version_no,
    valid_from,
    run_id
FROM tshop.sales_mart
WHERE is_current = 1
SETTINGS merge_tree_min_rows_for_concurrent_read = 1, merge_tree_min_bytes_for_concurrent_read = 1;
