-- Orders of the web shop.
CALL raw.declare_stream(
    'shop.orders',
    p_target => 'raw.sales_order',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS order_id,
            d.id_base + r.user_id AS client_id,
            r.ordered_at,
            r.status,
            r.delivered_at,
            r.total_amount,
            CASE WHEN r.updated_at IS NOT NULL THEN 'web' END AS channel,
            r.region,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body -> 'row') AS r (
            user_id bigint, ordered_at timestamptz, status text, delivered_at timestamptz, total_amount numeric,
            region text, updated_at timestamptz
        ) ON true
    $$,
    p_schema_version => 1,
    p_id_base => 1000000000000
);
