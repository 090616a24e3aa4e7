BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.put_sale(2, tap.at(5), tap.at(5), 404, 404);
SELECT tap.put_sale(3, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(3, tap.at(6), tap.at(5), p_is_deleted => true);
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS SELECT * FROM cdm.sales_mart;

SELECT results_eq(
    $$SELECT * FROM tap.build_mart(p_full => true)$$,
    $$VALUES (2, 0, 0, 0, 2, 0)$$,
    'every current sale is compared'
);
SELECT results_eq(
    $$SELECT * FROM cdm.sales_mart ORDER BY sale_id, version_no$$,
    $$SELECT * FROM before ORDER BY sale_id, version_no$$,
    'no version is written'
);

SELECT * FROM finish();
ROLLBACK;
