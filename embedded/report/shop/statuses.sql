-- Orders by status, as live_statuses.sql has them in the warehouse.
SELECT
    status,
    count(*) AS orders
FROM public.orders
GROUP BY status
ORDER BY status
