-- The web shop's lines of orders, with the shop's own numbers.
SELECT
    sale_id - 1000000000000 AS id,
    order_id - 1000000000000 AS order_id,
    sold_at,
    client_id - 1000000000000 AS user_id,
    product_id - 1000000000000 AS product_id,
    quantity,
    unit_price,
    amount,
    updated_at
FROM raw.sale
WHERE sale_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
