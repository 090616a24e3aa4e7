BEGIN;
SELECT plan(2);

SELECT tap.put_product(1, tap.at(1), p_category => NULL, p_size => NULL);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), 404, 404);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), 404, 1);
SELECT tap.put_sale(3, tap.at(5), tap.at(5), NULL, 1, -2);
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_is_deleted => true);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT DISTINCT f.key
    FROM cdm.sales_mart_export AS x
    CROSS JOIN LATERAL jsonb_each(to_jsonb(x)) AS f
    WHERE f.value = 'null'$$,
    $$VALUES ('client_age')$$,
    'an unknown age stays out of averages, all else has a value'
);
SELECT results_eq(
    $$SELECT
        sale_id,
        client_id,
        client_sk,
        client,
        product_sk = 0,
        product,
        category,
        size,
        price,
        total_amount,
        is_current::integer
    FROM cdm.sales_mart_export
    ORDER BY sale_id$$,
    $$VALUES
    (1::bigint, 404::bigint, 0::bigint, '', true, '', '', '', 0.00, 0.00, 0),
    (2, 404, 0, '', false, 'Shirt', '', '', 500.00, 1000.00, 1),
    (3, 0, 0, '', false, 'Shirt', '', '', 500.00, -1000.00, 1)$$,
    'unknown is 0 or empty, and so is a guest'
);

SELECT * FROM finish();
ROLLBACK;
