-- Products of the stores.
CALL raw.declare_stream(
    'stores.products',
    p_target => 'raw.product',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS product_id,
            r.name,
            r.category,
            r.size,
            r.price,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body) AS r (
            name text, category text, size text, price numeric, updated_at timestamptz
        ) ON true
    $$,
    p_id_base => 3000000000000
);
