-- Products, as raw/products.sql reads them from raw.
SELECT
    id,
    category_id,
    name,
    size,
    price,
    description,
    stock_quantity,
    created_at,
    updated_at
FROM shop.products
