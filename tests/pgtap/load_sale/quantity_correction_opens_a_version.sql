BEGIN;
SELECT plan(2);

SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_quantity => 2);
SELECT tap.load('sale');
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a new version is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.sales()$$,
    $$VALUES
    (1, 10, tap.at(5), 1, 1, 2, tap.at(5), tap.at(6), false),
    (1, 10, tap.at(5), 1, 1, 3, tap.at(6), timestamptz 'infinity', true)$$,
    'the time of the sale stays'
);

SELECT * FROM finish();
ROLLBACK;
