-- Products of the web shop. The name of the category is that of category_id's.
CALL raw.declare_stream(
    'shop.products',
    p_target => 'raw.product',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS product_id,
            r.name,
            r.size,
            r.price,
            r.description,
            d.id_base + r.category_id AS category_id,
            r.stock_quantity,
            r.created_at,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body -> 'row') AS r (
            name text, size text, price numeric, description text, category_id bigint, stock_quantity integer,
            created_at timestamptz, updated_at timestamptz
        ) ON true
    $$,
    p_schema_version => 1,
    p_id_base => 1000000000000
);
