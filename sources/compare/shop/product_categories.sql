-- Categories, as raw/product_categories.sql reads them from raw.
SELECT
    id,
    name,
    parent_id,
    updated_at
FROM shop.product_categories
