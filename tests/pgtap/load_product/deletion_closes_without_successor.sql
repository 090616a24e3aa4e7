BEGIN;
SELECT plan(2);

SELECT tap.put_product(1, tap.at(1));
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(2), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('product')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'one deleted'
);
SELECT results_eq(
    $$SELECT * FROM tap.products()$$,
    $$VALUES (1, 'Shirt', 'Tops', 'M', 500.00, tap.at(1), tap.at(2), false)$$,
    'the version ends at the update time of the deletion'
);

SELECT * FROM finish();
ROLLBACK;
