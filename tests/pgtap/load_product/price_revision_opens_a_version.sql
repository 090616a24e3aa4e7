BEGIN;
SELECT plan(2);

SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(4), 549.90);

SELECT results_eq(
    $$SELECT * FROM tap.load('product')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a new version is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.products()$$,
    $$VALUES
    (1, 'Shirt', 'Tops', 'M', 500.00, tap.at(1), tap.at(4), false),
    (1, 'Shirt', 'Tops', 'M', 549.90, tap.at(4), timestamptz 'infinity', true)$$,
    'the old price ends where the new one begins'
);

SELECT * FROM finish();
ROLLBACK;
