-- Revenue by the client's age on the day of the sale.
SELECT
    multiIf(
        client_age IS NULL, 'unknown',
        client_age < 18, 'under 18',
        client_age < 25, '18-24',
        client_age < 35, '25-34',
        client_age < 45, '35-44',
        client_age < 55, '45-54',
        client_age < 65, '55-64',
        '65+'
    ) AS age_group,
    sum(total_amount) AS revenue,
    uniqExact(order_id) AS orders,
    uniqExact(client_id) AS clients
FROM tshop.sales
GROUP BY age_group
ORDER BY min(client_age) ASC NULLS LAST
