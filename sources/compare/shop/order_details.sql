-- Lines of orders, with the time and the client of their order, as raw/order_details.sql reads them from raw.
SELECT
    d.id,
    d.order_id,
    o.ordered_at,
    o.user_id,
    d.product_id,
    d.quantity,
    d.unit_price,
    d.amount,
    d.updated_at
FROM shop.order_details AS d
INNER JOIN shop.orders AS o ON o.id = d.order_id
