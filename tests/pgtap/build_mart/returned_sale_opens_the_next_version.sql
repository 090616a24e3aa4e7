BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_is_deleted => true);
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS SELECT * FROM cdm.sales_mart;
SELECT tap.put_sale(1, tap.at(7), tap.at(5));

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'one inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, false
    ),
    (
        1, 2, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'its version_no goes on'
);
SELECT results_eq(
    $$SELECT * FROM cdm.sales_mart WHERE version_no = 1$$,
    $$SELECT * FROM before$$,
    'the closed version is not written again'
);

SELECT * FROM finish();
ROLLBACK;
