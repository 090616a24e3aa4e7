-- The stores' part of the mart region_sales, by region: that of the products which the stores sell.
SELECT
    region,
    sum(sales_cnt)::bigint AS sales,
    sum(quantity)::bigint AS quantity,
    sum(total_amount) AS amount
FROM cdm.region_sales
WHERE is_current AND product_id BETWEEN 3000000000000 AND 3999999999999
GROUP BY region
ORDER BY region
