-- Categories of the web shop.
CALL raw.declare_stream(
    'shop.product_categories',
    p_target => 'raw.category',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS category_id,
            r.name,
            d.id_base + r.parent_id AS parent_category_id,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body -> 'row') AS r (
            name text, parent_id bigint, updated_at timestamptz
        ) ON true
    $$,
    p_schema_version => 1,
    p_id_base => 1000000000000
);
