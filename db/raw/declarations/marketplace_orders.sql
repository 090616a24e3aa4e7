-- Orders of the marketplace, whose documents hold their lines.
CALL raw.declare_stream(
    'marketplace.orders',
    p_target => 'raw.sales_order',
    p_mapping => $$
        SELECT
            d.partition,
            d.position,
            d.id AS order_id,
            d.id_base + raw.json_integer(d.body -> 'user_id') AS client_id,
            raw.json_time(d.body -> 'ordered_at') AS ordered_at,
            d.body ->> 'status' AS status,
            raw.json_time(d.body #> '{delivery,delivered_at}') AS delivered_at,
            raw.json_number(d.body -> 'total') AS total_amount,
            CASE WHEN d.body IS NOT NULL THEN 'marketplace' END AS channel,
            d.body #>> '{delivery,region}' AS region,
            CASE WHEN d.body IS NOT NULL THEN d.written_at END AS updated_at
        FROM document AS d
    $$,
    p_id_base => 2000000000000
);

-- The lines. A line's number in raw is that of its order, below 10^9, times 1000, and its own within the order, 1 to
-- 999. Where the order or a line has no such number, or two lines have the same, the document is rejected.
--
-- A line that was there and is not any more is deleted: of those in raw, and of those of the state before, where that
-- is applied by the same call. A state that is replayed comes after later ones: what it has and raw has not was deleted
-- by the last of these.
CALL raw.declare_stream(
    'marketplace.orders',
    p_target => 'raw.sale',
    p_mapping => $$
        WITH state AS (
            SELECT
                d.partition,
                d.position,
                d.id_base,
                d.id AS order_id,
                d.id_base + CASE WHEN d.id - d.id_base < 1000000000 THEN 1000 * (d.id - d.id_base) END AS first_id,
                d.body,
                d.written_at,
                CASE WHEN d.body IS NOT NULL THEN d.written_at END AS updated_at,
                lag(d.body) OVER (PARTITION BY d.key ORDER BY d.position) AS body_before,
                o.updated_at AS last_state_at
            FROM document AS d
            LEFT JOIN raw.sales_order AS o ON o.order_id = d.id AND o.updated_at > d.written_at
        ),
        line AS (
            SELECT
                s.partition,
                s.position,
                s.order_id,
                CASE
                    WHEN
                        n.line_no BETWEEN 1 AND 999
                        AND count(*) OVER (PARTITION BY s.partition, s.position, n.line_no) = 1
                        THEN s.first_id + n.line_no
                END AS sale_id,
                raw.json_time(s.body -> 'ordered_at') AS sold_at,
                s.id_base + raw.json_integer(s.body -> 'user_id') AS client_id,
                s.id_base + raw.json_integer(l.line -> 'product_id') AS product_id,
                raw.json_integer(l.line -> 'quantity')::integer AS quantity,
                raw.json_number(l.line -> 'price') AS unit_price,
                raw.json_number(l.line -> 'amount') AS amount,
                s.written_at,
                s.last_state_at
            FROM state AS s
            CROSS JOIN LATERAL jsonb_array_elements(nullif(s.body -> 'lines', 'null')) AS l (line)
            CROSS JOIN LATERAL (SELECT raw.json_integer(l.line -> 'line') AS line_no) AS n
        )
        SELECT
            l.partition,
            l.position,
            l.sale_id,
            l.order_id,
            l.sold_at,
            l.client_id,
            l.product_id,
            l.quantity,
            l.unit_price,
            l.amount,
            false AS is_deleted,
            l.written_at AS updated_at
        FROM line AS l
        UNION ALL
        SELECT
            s.partition,
            s.position,
            b.sale_id,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            true,
            s.updated_at
        FROM state AS s
        CROSS JOIN LATERAL (
            SELECT r.sale_id
            FROM raw.sale AS r
            WHERE
                r.sale_id BETWEEN s.first_id + 1 AND s.first_id + 999
                AND (NOT r.is_deleted OR r.updated_at > s.written_at)
            UNION
            SELECT s.first_id + raw.json_integer(l.line -> 'line')
            FROM jsonb_array_elements(nullif(s.body_before -> 'lines', 'null')) AS l (line)
        ) AS b
        WHERE
            b.sale_id BETWEEN s.first_id + 1 AND s.first_id + 999
            AND NOT EXISTS (SELECT FROM line AS l WHERE (l.position, l.sale_id) = (s.position, b.sale_id))
        UNION ALL
        SELECT
            l.partition,
            l.position,
            l.sale_id,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            true,
            l.last_state_at
        FROM line AS l
        LEFT JOIN raw.sale AS r ON r.sale_id = l.sale_id
        WHERE
            l.last_state_at IS NOT NULL
            AND (r.updated_at < l.last_state_at AND (NOT r.is_deleted OR r.updated_at < l.written_at)) IS NOT FALSE
    $$,
    p_id_base => 2000000000000
);
