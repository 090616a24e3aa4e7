-- The web shop's current lines of orders.
SELECT
    count() AS lines,
    toString(max(order_id)) AS last_order,
    sum(quantity) AS pieces,
    sum(total_amount) AS revenue
FROM tshop.sales
WHERE sale_id BETWEEN 1000000000000 AND 1999999999999
