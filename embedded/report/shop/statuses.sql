-- Orders by status, as live_statuses.sql has them in the warehouse.
SELECT
    status,
    count(*) AS orders
FROM shop.orders
GROUP BY status
ORDER BY status
