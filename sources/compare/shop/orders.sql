-- Orders, as raw/orders.sql reads them from raw.
SELECT
    id,
    user_id,
    ordered_at,
    status,
    delivered_at,
    total_amount,
    region,
    'web' AS channel,
    updated_at
FROM shop.orders
