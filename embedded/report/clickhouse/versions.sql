-- All versions of the mart: rows and exact sums, to be compared with PostgreSQL's.
SELECT
    count() AS row_count,
    sum(quantity) AS pieces,
    sum(total_amount) AS revenue
FROM tshop.sales_mart
