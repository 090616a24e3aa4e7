-- The web shop's categories, with the shop's own numbers.
SELECT
    category_id - 1000000000000 AS id,
    name,
    parent_category_id - 1000000000000 AS parent_id,
    updated_at
FROM raw.category
WHERE category_id BETWEEN 1000000000000 AND 1999999999999 AND NOT is_deleted
