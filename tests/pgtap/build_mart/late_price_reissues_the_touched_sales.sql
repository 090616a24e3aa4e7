BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(3), tap.at(3));
SELECT tap.put_sale(2, tap.at(6), tap.at(6));
SELECT tap.refresh();
SELECT tap.put_product(1, tap.at(5), 600);

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.refresh()$$,
    $$VALUES (0, 1, 0, 0)$$,
    'a price that became known after the sale corrects it'
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
        2, 2, 10, tap.at(6), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(5), 600.00, 2, 1200.00, true
    )$$,
    'from the moment it was valid'
);

SELECT * FROM finish();
ROLLBACK;
