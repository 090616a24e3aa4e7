BEGIN;
SELECT plan(2);

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
UPDATE raw.product SET updated_at = tap.at(6), description = 'Cotton';
SELECT tap.load('product');
UPDATE raw.product SET updated_at = tap.at(7), category_id = 3;
SELECT tap.load('product');
UPDATE raw.product SET updated_at = tap.at(8), created_at = tap.at(0);
SELECT tap.load('product');

SELECT results_eq(
    $$SELECT
        p.name, p.category, p.size, p.price, p.description, p.category_id, p.created_at, p.valid_from, p.valid_to, p.is_current
    FROM dds.product AS p ORDER BY p.valid_from$$,
    $$VALUES
    ('Shirt', 'Tops', 'M', 500.00, NULL, NULL::bigint, NULL::timestamptz, tap.at(1), tap.at(2), false),
    ('Blouse', 'Tops', 'M', 500.00, NULL, NULL, NULL, tap.at(2), tap.at(3), false),
    ('Blouse', NULL, 'M', 500.00, NULL, NULL, NULL, tap.at(3), tap.at(4), false),
    ('Blouse', NULL, 'L', 500.00, NULL, NULL, NULL, tap.at(4), tap.at(5), false),
    ('Blouse', NULL, 'L', 600.00, NULL, NULL, NULL, tap.at(5), tap.at(6), false),
    ('Blouse', NULL, 'L', 600.00, 'Cotton', NULL, NULL, tap.at(6), tap.at(7), false),
    ('Blouse', NULL, 'L', 600.00, 'Cotton', 3, NULL, tap.at(7), tap.at(8), false),
    ('Blouse', NULL, 'L', 600.00, 'Cotton', 3, tap.at(0), tap.at(8), timestamptz 'infinity', true)$$,
    'a change of any one of them opens a version'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM dds.product$$,
    $$SELECT 1 + cardinality(tracked_columns) FROM sl.entity WHERE entity_name = 'product'$$,
    'no tracked column is left out'
);

SELECT * FROM finish();
ROLLBACK;
