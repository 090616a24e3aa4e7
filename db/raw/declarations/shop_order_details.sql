-- Lines of orders of the web shop, with the time and the client of their order.
CALL raw.declare_stream(
    'shop.order_details',
    p_target => 'raw.sale',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS sale_id,
            d.id_base + r.order_id AS order_id,
            r.ordered_at AS sold_at,
            d.id_base + r.user_id AS client_id,
            d.id_base + r.product_id AS product_id,
            r.quantity,
            r.unit_price,
            r.amount,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body -> 'row') AS r (
            order_id bigint, ordered_at timestamptz, user_id bigint, product_id bigint, quantity integer,
            unit_price numeric, amount numeric, updated_at timestamptz
        ) ON true
    $$,
    p_schema_version => 1,
    p_id_base => 1000000000000
);
