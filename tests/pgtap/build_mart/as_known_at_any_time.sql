BEGIN;
SELECT plan(4);

-- What was current after each build is put aside with the moment, and asked of the mart by that moment in the end.
CREATE TEMPORARY TABLE reported AS
SELECT
    0 AS build_no,
    m.*
FROM tap.mart() AS m
LIMIT 0;
CREATE TEMPORARY TABLE build (build_no integer, known_at timestamptz);
CREATE FUNCTION pg_temp.report(p_build_no integer)
RETURNS void
LANGUAGE sql
AS $body$
    SELECT tap.refresh();
    INSERT INTO build VALUES (p_build_no, clock_timestamp());
    INSERT INTO reported
    SELECT p_build_no, m.* FROM tap.mart() AS m WHERE m.is_current;
$body$;

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.put_sale(2, tap.at(5), tap.at(5));
SELECT pg_temp.report(1);
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_is_deleted => true);
SELECT pg_temp.report(2);
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Belova');
SELECT tap.put_sale(1, tap.at(7), tap.at(5), p_quantity => 5);
SELECT tap.put_sale(3, tap.at(7), tap.at(7));
SELECT pg_temp.report(3);

CREATE FUNCTION pg_temp.as_known(p_build_no integer)
RETURNS TABLE (sale_id integer, version_no integer, client text, price numeric, quantity integer, total_amount numeric)
LANGUAGE sql
AS $body$
    SELECT m.sale_id::integer, m.version_no, m.client, m.price, m.quantity, m.total_amount
    FROM build AS b
    CROSS JOIN LATERAL cdm.sales_mart_as_known(b.known_at) AS m
    WHERE b.build_no = p_build_no
    ORDER BY m.sale_id;
$body$;
SELECT results_eq(
    $$SELECT * FROM pg_temp.as_known(1)$$,
    $$VALUES (1, 1, 'Anna Orlova', NULL::numeric, 2, NULL::numeric), (2, 1, 'Anna Orlova', NULL, 2, NULL)$$,
    'after the first build'
);
SELECT results_eq(
    $$SELECT * FROM pg_temp.as_known(2)$$,
    $$VALUES (2, 2, 'Anna Orlova', 500.00, 2, 1000.00)$$,
    'after the second'
);
SELECT results_eq(
    $$SELECT * FROM pg_temp.as_known(3)$$,
    $$VALUES
    (1, 2, 'Anna Belova', 500.00, 5, 2500.00),
    (2, 3, 'Anna Belova', 500.00, 2, 1000.00),
    (3, 1, 'Anna Belova', 500.00, 2, 1000.00)$$,
    'after the third'
);
SELECT results_eq(
    $$SELECT
        b.build_no,
        m.sale_id::integer,
        m.version_no,
        m.client,
        m.client_age,
        m.product,
        m.price,
        m.quantity,
        m.total_amount
    FROM build AS b
    INNER JOIN cdm.sales_mart AS m ON m.valid_from <= b.known_at AND b.known_at < m.valid_to
    ORDER BY b.build_no, m.sale_id$$,
    $$SELECT build_no, sale_id, version_no, client, client_age, product, price, quantity, total_amount
    FROM reported
    ORDER BY build_no, sale_id$$,
    'each is what was current then'
);

SELECT * FROM finish();
ROLLBACK;
