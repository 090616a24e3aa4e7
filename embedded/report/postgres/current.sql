-- The current rows of the mart: rows and exact sums, to be compared with ClickHouse's.
SELECT
    count(*) AS row_count,
    coalesce(sum(quantity), 0) AS pieces,
    coalesce(sum(total_amount), 0) AS revenue
FROM cdm.sales_mart
WHERE is_current
