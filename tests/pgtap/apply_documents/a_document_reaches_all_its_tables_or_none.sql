BEGIN;
SELECT plan(4);

-- An order with its lines.
CALL raw.declare_stream(
    'market.orders', 'raw.sales_order',
    $$SELECT d.partition, d.position, d.id AS order_id, (d.body ->> 'total')::numeric AS total_amount,
        (d.body ->> 'at')::timestamptz AS updated_at FROM document AS d$$
);
CALL raw.declare_stream(
    'market.orders', 'raw.sale',
    $$SELECT d.partition, d.position, r.id AS sale_id, d.id AS order_id, r.quantity,
        (d.body ->> 'at')::timestamptz AS updated_at
    FROM document AS d CROSS JOIN LATERAL jsonb_to_recordset(d.body -> 'lines') AS r (id bigint, quantity integer)$$
);
SELECT tap.land('market.orders', k::text, jsonb_build_object(
    'total', k, 'at', tap.at(1), 'lines', jsonb_build_array(
        jsonb_build_object('id', 10 * k, 'quantity', 1),
        jsonb_build_object(
            'id', CASE WHEN k <> 2 THEN 10 * k + 1 END, 'quantity', CASE k WHEN 3 THEN 'two' ELSE '2' END
        )
    )
))
FROM generate_series(1, 5) AS k;
SELECT results_eq(
    $$SELECT documents, inserted, rejected FROM tap.apply(p_stream => 'market.orders')$$,
    'VALUES (5::bigint, 9::bigint, 2::bigint)', 'the good documents make three rows each'
);
SELECT results_eq(
    'SELECT order_id, array_agg(sale_id ORDER BY sale_id) FROM raw.sales_order JOIN raw.sale USING (order_id) '
    'GROUP BY 1 ORDER BY 1',
    'VALUES (1::bigint, ARRAY[10, 11]::bigint[]), (4, ARRAY[40, 41]), (5, ARRAY[50, 51])',
    'order and lines together'
);
SELECT is_empty(
    'SELECT FROM raw.sales_order WHERE order_id IN (2, 3) UNION ALL SELECT FROM raw.sale WHERE order_id IN (2, 3)',
    'of a rejected one nothing is there'
);
SELECT results_eq(
    'SELECT position, reason FROM landing.rejected_document ORDER BY position',
    $$VALUES
    (1::bigint, 'To raw.sale: the message gives no sale_id'),
    (2, 'To raw.sale: invalid input syntax for type integer: "two"')$$,
    'it is rejected once, with its reason'
);

SELECT * FROM finish();
ROLLBACK;
