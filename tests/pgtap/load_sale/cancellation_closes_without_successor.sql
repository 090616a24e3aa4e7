BEGIN;
SELECT plan(2);

SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.load('sale');
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'one deleted'
);
SELECT results_eq(
    $$SELECT * FROM tap.sales()$$,
    $$VALUES (1, 10, tap.at(5), 1, 1, 2, tap.at(5), tap.at(6), false)$$,
    'the version ends at the cancellation'
);

SELECT * FROM finish();
ROLLBACK;
