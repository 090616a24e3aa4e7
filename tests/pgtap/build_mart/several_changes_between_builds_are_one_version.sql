BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);
SELECT tap.load('sale');
SELECT tap.put_sale(1, tap.at(7), tap.at(5), p_quantity => 4);
SELECT tap.load('sale');
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Belova');
SELECT tap.load('client');
SELECT tap.build_mart();

SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, false
    ),
    (
        1, 2, 10, tap.at(5), 1, 'Anna Belova', 33, tap.at(3),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 4, 2000.00, true
    )$$,
    'the mart knows what was reported, not what was between two builds'
);

SELECT * FROM finish();
ROLLBACK;
