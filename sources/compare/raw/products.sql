-- The web shop's products, with the shop's own numbers.
SELECT
    product_id - 1000000000000 AS id,
    category_id - 1000000000000 AS category_id,
    name,
    size,
    price,
    description,
    stock_quantity,
    created_at,
    updated_at
FROM raw.product
WHERE product_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
