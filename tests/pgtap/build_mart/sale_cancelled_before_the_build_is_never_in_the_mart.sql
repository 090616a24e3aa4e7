BEGIN;
SELECT plan(2);

SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.load('sale');
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_is_deleted => true);
SELECT tap.load('sale');

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.build_mart()$$,
    $$VALUES (0, 0, 0, 0)$$,
    'nothing to write'
);
SELECT is_empty($$SELECT * FROM cdm.sales_mart$$, 'nothing written');

SELECT * FROM finish();
ROLLBACK;
