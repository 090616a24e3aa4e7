-- The stores' part of the mart region_sales, by region, and when it came last.
SELECT
    region,
    sum(sales_cnt) AS sales,
    sum(quantity) AS quantity,
    sum(total_amount) AS amount,
    toString(toTimeZone(max(imported_at), 'Europe/Moscow')) AS imported
FROM tshop.region_sales
WHERE product_id BETWEEN 3000000000000 AND 3999999999999
GROUP BY region
ORDER BY region
