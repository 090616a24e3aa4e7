BEGIN;
SELECT plan(2);

SELECT tap.put_sale(1, tap.at(5), tap.at(5), 404, 405);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a sale may come before its client and product'
);
SELECT results_eq(
    $$SELECT * FROM tap.sales()$$,
    $$VALUES (1, 10, tap.at(5), 404, 405, 2, tap.at(5), timestamptz 'infinity', true)$$,
    'and is loaded as it is'
);

SELECT * FROM finish();
ROLLBACK;
