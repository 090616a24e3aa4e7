-- The web shop's orders by status: the current versions.
SELECT
    status,
    count(*) AS orders
FROM dds.sales_order
WHERE order_id BETWEEN 1000000000000 AND 1999999999999 AND is_current
GROUP BY status
ORDER BY status
