-- The marketplace's current lines of orders.
SELECT
    count(*) AS lines,
    coalesce(max(order_id), 0)::text AS last_order,
    coalesce(sum(quantity), 0) AS pieces,
    coalesce(sum(total_amount), 0) AS revenue
FROM cdm.sales_mart
WHERE sale_id BETWEEN 2000000000000 AND 2999999999999 AND is_current
