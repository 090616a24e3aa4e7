BEGIN;
SELECT plan(1);

SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(5), 700);
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(3), 600);
SELECT tap.load('product');

SELECT results_eq(
    $$SELECT * FROM tap.products()$$,
    $$VALUES
    (1, 'Shirt', 'Tops', 'M', 500.00, tap.at(1), tap.at(3), false),
    (1, 'Shirt', 'Tops', 'M', 600.00, tap.at(3), tap.at(5), false),
    (1, 'Shirt', 'Tops', 'M', 700.00, tap.at(5), timestamptz 'infinity', true)$$,
    'between its neighbours'
);

SELECT * FROM finish();
ROLLBACK;
