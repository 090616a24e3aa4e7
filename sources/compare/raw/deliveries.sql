-- The web shop's parcels, with the shop's own numbers.
SELECT
    delivery_id - 1000000000000 AS id,
    order_id - 1000000000000 AS order_id,
    shipped_at,
    delivered_at,
    carrier,
    status,
    updated_at
FROM raw.delivery
WHERE delivery_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
