BEGIN;
SELECT plan(2);

SELECT tap.put_product(1, tap.at(1), 499.95, 'Shirt', 'Tops', 'M');
SELECT tap.put_product(2, tap.at(2), 0, 'Gift bag', NULL, NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('product')$$,
    $$VALUES (2, 2, 0, 0, 0, 0)$$,
    'both are inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.products()$$,
    $$VALUES
    (1, 'Shirt', 'Tops', 'M', 499.95, tap.at(1), timestamptz 'infinity', true),
    (2, 'Gift bag', NULL, NULL, 0.00, tap.at(2), 'infinity', true)$$,
    'each has one open version; a price of zero is one'
);

SELECT * FROM finish();
ROLLBACK;
