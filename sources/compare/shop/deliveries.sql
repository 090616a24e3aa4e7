-- Parcels, as raw/deliveries.sql reads them from raw.
SELECT
    id,
    order_id,
    shipped_at,
    delivered_at,
    carrier,
    status,
    updated_at
FROM shop.deliveries
