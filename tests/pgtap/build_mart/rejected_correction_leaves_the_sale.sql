BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_quantity => 2);
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS SELECT * FROM cdm.sales_mart;
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 0);

SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'the build has nothing to do'
);
SELECT results_eq($$SELECT * FROM cdm.sales_mart$$, $$SELECT * FROM before$$, 'the last good state stays');

SELECT * FROM finish();
ROLLBACK;
