BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_client(1, tap.at(3), p_is_deleted => true);
SELECT tap.put_product(1, tap.at(3), p_is_deleted => true);

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.refresh()$$,
    $$VALUES (0, 0, 0, 0)$$,
    'a client and product deleted before the sale are still its last ones'
);

SELECT tap.put_client(1, tap.at(7), 'Anna', 'Belova');
SELECT tap.put_product(1, tap.at(7), 700);
SELECT tap.put_sale(2, tap.at(6), tap.at(6));
SELECT tap.refresh();
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES
    (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        2, 1, 10, tap.at(6), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'in a gap the last one before it counts'
);

SELECT * FROM finish();
ROLLBACK;
