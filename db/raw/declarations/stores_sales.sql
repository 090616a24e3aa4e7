-- Sales of the stores: each is an order of one line, paid and taken away at once. A sale that a corrected file lacks
-- comes as a document that says so, at a time of its own.
CALL raw.declare_stream(
    'stores.sales',
    p_target => 'raw.sales_order',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS order_id,
            d.id_base + r.customer_id AS client_id,
            r.sold_at AS ordered_at,
            CASE WHEN r.sold_at IS NOT NULL THEN 'Completed' END AS status,
            r.sold_at AS delivered_at,
            r.amount AS total_amount,
            CASE WHEN r.sold_at IS NOT NULL THEN 'store' END AS channel,
            r.region,
            r.is_deleted,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body) AS r (
            customer_id bigint, sold_at timestamptz, amount numeric, region text, is_deleted boolean,
            updated_at timestamptz
        ) ON true
    $$,
    p_id_base => 3000000000000
);

CALL raw.declare_stream(
    'stores.sales',
    p_target => 'raw.sale',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS sale_id,
            d.id AS order_id,
            r.sold_at,
            d.id_base + r.customer_id AS client_id,
            d.id_base + r.product_id AS product_id,
            r.quantity,
            r.amount,
            r.is_deleted,
            r.updated_at
        FROM document AS d
        LEFT JOIN LATERAL jsonb_to_record(d.body) AS r (
            customer_id bigint, product_id bigint, quantity integer, sold_at timestamptz, amount numeric,
            is_deleted boolean, updated_at timestamptz
        ) ON true
    $$,
    p_id_base => 3000000000000
);
