BEGIN;
SELECT plan(4);

-- The clock is simulated by the rule: first now is day 5, then day 7.
UPDATE sl.quality_rule SET expression = 'sold_at <= tap.at(5)' WHERE rule_name = 'sold_in_future';
SELECT tap.put_sale(1, tap.at(4), tap.at(6));

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (1, 0, 0, 0, 0, 1)$$,
    'rejected'
);
UPDATE sl.quality_rule SET expression = 'sold_at <= tap.at(7)' WHERE rule_name = 'sold_in_future';
SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'and inserted when its time has come, though nobody touched it'
);
SELECT results_eq(
    $$SELECT * FROM tap.sales()$$,
    $$VALUES (1, 10, tap.at(6), 1, 1, 2, tap.at(4), timestamptz 'infinity', true)$$,
    'as it was delivered'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('sale', '1', 'sold_in_future', true)$$,
    'the rejection is resolved'
);

SELECT * FROM finish();
ROLLBACK;
