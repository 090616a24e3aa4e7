BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_client(2, tap.at(1), 'Ivan', 'Petrov');
SELECT tap.put_product(1, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(10), 'Anna', 'Vlasova');
SELECT tap.put_sale(1, tap.at(3), tap.at(3));
SELECT tap.put_sale(2, tap.at(6), tap.at(6));
SELECT tap.put_sale(3, tap.at(12), tap.at(12));
SELECT tap.put_sale(4, tap.at(6), tap.at(6), 2);
SELECT tap.refresh();
SELECT tap.put_client(1, tap.at(5), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.refresh()$$,
    $$VALUES (0, 1, 0, 0)$$,
    'one sale is corrected'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(3), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        2, 1, 10, tap.at(6), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, false
    ),
    (
        2, 2, 10, tap.at(6), 1, 'Anna Belova', 33, tap.at(5),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        3, 1, 10, tap.at(12), 1, 'Anna Vlasova', 33, tap.at(10),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        4, 1, 10, tap.at(6), 2, 'Ivan Petrov', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'the one that was sold while the late version was valid'
);

SELECT * FROM finish();
ROLLBACK;
