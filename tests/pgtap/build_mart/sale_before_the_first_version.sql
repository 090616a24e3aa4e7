BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(6), 'Anna', 'Orlova');
SELECT tap.put_product(1, tap.at(6), 500);
SELECT tap.load('client');
SELECT tap.load('product');
SELECT tap.put_client(1, tap.at(8), 'Anna', 'Belova');
SELECT tap.put_product(1, tap.at(8), 700);
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(6),
        1, 'Shirt', 'Tops', 'M', tap.at(6), 500.00, 2, 1000.00, true
    )$$,
    'takes the first one'
);

SELECT tap.put_client(1, tap.at(2), 'Anna', 'Vlasova');
SELECT tap.put_product(1, tap.at(2), 400);
SELECT tap.refresh();
SELECT results_eq(
    $$SELECT * FROM tap.mart() WHERE is_current$$,
    $$VALUES (
        1, 2, 10, tap.at(5), 1, 'Anna Vlasova', 33, tap.at(2),
        1, 'Shirt', 'Tops', 'M', tap.at(2), 400.00, 2, 800.00, true
    )$$,
    'until a late one comes that was valid then'
);

SELECT * FROM finish();
ROLLBACK;
