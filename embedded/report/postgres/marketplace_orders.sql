-- The marketplace's orders.
SELECT
    (order_id - 2000000000000)::text AS key,
    status
FROM raw.sales_order
WHERE order_id BETWEEN 2000000000000 AND 2999999999999 AND NOT is_deleted
