-- The web shop's orders, with the shop's own numbers.
SELECT
    order_id - 1000000000000 AS id,
    client_id - 1000000000000 AS user_id,
    ordered_at,
    status,
    delivered_at,
    total_amount,
    region,
    channel,
    updated_at
FROM raw.sales_order
WHERE order_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
