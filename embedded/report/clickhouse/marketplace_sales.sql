-- The marketplace's current lines of orders.
SELECT
    count() AS lines,
    toString(max(order_id)) AS last_order,
    sum(quantity) AS pieces,
    sum(total_amount) AS revenue
FROM tshop.sales
WHERE sale_id BETWEEN 2000000000000 AND 2999999999999
