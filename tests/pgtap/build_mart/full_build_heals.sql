BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.put_sale(2, tap.at(5), tap.at(5));
SELECT tap.put_sale(3, tap.at(5), tap.at(5));
SELECT tap.refresh();
UPDATE cdm.sales_mart SET total_amount = 1 WHERE sale_id = 1;
DELETE FROM cdm.sales_mart WHERE sale_id = 2;
DELETE FROM dds.sale WHERE sale_id = 3;

SELECT results_eq(
    $$SELECT * FROM tap.build_mart(p_full => true)$$,
    $$VALUES (3, 1, 1, 1, 0, 0)$$,
    'a wrong row, a missing one and one too many'
);
SELECT results_eq(
    $$SELECT * FROM tap.mart() WHERE is_current$$,
    $$VALUES
    (
        1, 2, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    ),
    (
        2, 1, 10, tap.at(5), 1, 'Anna Orlova', 33, tap.at(1),
        1, 'Shirt', 'Tops', 'M', tap.at(1), 500.00, 2, 1000.00, true
    )$$,
    'the current rows are those of dds again'
);
SELECT is((SELECT r.is_full FROM sl.run AS r ORDER BY r.run_id DESC LIMIT 1), true, 'the run says that it was full');

SELECT * FROM finish();
ROLLBACK;
