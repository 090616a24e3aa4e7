BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.load('client');
SELECT tap.load('product');
SELECT tap.put_client(1, tap.at(5), 'Anna', 'Belova');
SELECT tap.put_product(1, tap.at(7), 700);
SELECT tap.put_sale(1, tap.at(4), tap.at(4));
SELECT tap.put_sale(2, tap.at(5), tap.at(5, '-1 microsecond'));
SELECT tap.put_sale(3, tap.at(5), tap.at(5));
SELECT tap.put_sale(4, tap.at(7), tap.at(7));
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(4), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        2, 1, 10, tap.at(5, '-1 microsecond'), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        3, 1, 10, tap.at(5), 1, 'Anna Belova', 33, tap.at(5),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        4, 1, 10, tap.at(7), 1, 'Anna Belova', 33, tap.at(5),
        1, 'Shirt', 'Tops', 'M', tap.at(7), 700.00, 2, 1400.00, true
    )$$,
    'a version counts from its first moment to the one before its end'
);

SELECT * FROM finish();
ROLLBACK;
