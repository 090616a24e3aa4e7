BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_client(2, tap.at(1), 'Ivan', 'Petrov', NULL);
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(4), 700);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), 1);
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(3), 2, p_order_id => 11);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(4), 700.00, 2, 1400.00, false
    ),
    (
        1, 2, 11, tap.at(3), 2, 'Ivan Petrov', NULL, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'a correction of time, client and order is one new version'
);

SELECT * FROM finish();
ROLLBACK;
