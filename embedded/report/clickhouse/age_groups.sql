-- Revenue by the client's age on the day of the sale.
SELECT
    age_group,
    sum(total_amount) AS revenue,
    uniqExact(order_id) AS orders,
    uniqExact(client_id) AS clients
FROM tshop.sales
GROUP BY age_group
ORDER BY min(client_age) ASC NULLS LAST
