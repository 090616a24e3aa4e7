BEGIN;
SELECT plan(2);

SELECT tap.put_sale(1, tap.at(5), tap.at(4), 1, 1, 2, 10);
SELECT tap.put_sale(2, tap.at(5), tap.at(4), 1, 2, 1, 10);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (2, 2, 0, 0, 0, 0)$$,
    'both lines of the order are inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.sales()$$,
    $$VALUES
    (1, 10, tap.at(4), 1, 1, 2, tap.at(5), timestamptz 'infinity', true),
    (2, 10, tap.at(4), 1, 2, 1, tap.at(5), 'infinity', true)$$,
    'each has one open version from its update time, not from the time of the sale'
);

SELECT * FROM finish();
ROLLBACK;
