-- Products of the marketplace, which has no tree of categories.
CALL raw.declare_stream(
    'marketplace.products',
    p_target => 'raw.product',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS product_id,
            d.body ->> 'name' AS name,
            d.body ->> 'category' AS category,
            d.body ->> 'size' AS size,
            raw.json_number(d.body -> 'price') AS price,
            d.body ->> 'description' AS description,
            raw.json_integer(d.body -> 'stock')::integer AS stock_quantity,
            raw.json_time(d.body -> 'created_at') AS created_at,
            CASE WHEN d.body IS NOT NULL THEN d.written_at END AS updated_at
        FROM document AS d
    $$,
    p_id_base => 2000000000000
);
