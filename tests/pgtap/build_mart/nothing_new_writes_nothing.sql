BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS SELECT * FROM cdm.sales_mart;

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'no sale is looked at'
);
SELECT results_eq($$SELECT * FROM cdm.sales_mart$$, $$SELECT * FROM before$$, 'no version is written');

SELECT * FROM finish();
ROLLBACK;
