BEGIN;
SELECT plan(1);

SELECT tap.put_product(1, tap.at(1), 500, 'Shirt', 'Tops', 'M');
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(2), 500, 'Blouse', 'Tops', 'M');
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(3), 500, 'Blouse', NULL, 'M');
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(4), 500, 'Blouse', NULL, 'L');
SELECT tap.load('product');
SELECT tap.put_product(1, tap.at(5), 600, 'Blouse', NULL, 'L');
SELECT tap.load('product');

SELECT results_eq(
    $$SELECT * FROM tap.products()$$,
    $$VALUES
    (1, 'Shirt', 'Tops', 'M', 500.00, tap.at(1), tap.at(2), false),
    (1, 'Blouse', 'Tops', 'M', 500.00, tap.at(2), tap.at(3), false),
    (1, 'Blouse', NULL, 'M', 500.00, tap.at(3), tap.at(4), false),
    (1, 'Blouse', NULL, 'L', 500.00, tap.at(4), tap.at(5), false),
    (1, 'Blouse', NULL, 'L', 600.00, tap.at(5), timestamptz 'infinity', true)$$,
    'a change of any one of them opens a version'
);

SELECT * FROM finish();
ROLLBACK;
