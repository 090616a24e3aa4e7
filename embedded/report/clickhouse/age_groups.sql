-- Revenue by the client's age on the day of the sale; unknown for guests, who are no clients.
SELECT
    age_group,
    sum(total_amount) AS revenue,
    uniqExact(order_id) AS orders,
    groupBitmapIf(client_id, client_id <> 0) AS clients
FROM tshop.sales
GROUP BY age_group
ORDER BY min(client_age) ASC NULLS LAST
