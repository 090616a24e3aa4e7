BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
CREATE TEMPORARY TABLE before AS SELECT * FROM cdm.sales_mart;
SELECT tap.put_product(1, tap.at(6), 700);
SELECT tap.put_client(1, tap.at(6), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.refresh()$$,
    $$VALUES (0, 0, 0, 0)$$,
    'no sale changes'
);
SELECT results_eq($$SELECT * FROM cdm.sales_mart$$, $$SELECT * FROM before$$, 'the mart keeps the price of the day');

SELECT * FROM finish();
ROLLBACK;
