BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'a sale that was deleted without a new time is deleted'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart()$$,
    $$VALUES (
        1, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, false
    )$$,
    'its row is closed'
);

SELECT * FROM finish();
ROLLBACK;
