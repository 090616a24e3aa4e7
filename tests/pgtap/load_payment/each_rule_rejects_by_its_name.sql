BEGIN;
SELECT plan(3);

INSERT INTO raw.payment (payment_id, updated_at, order_id, amount, status)
VALUES
(1, tap.at(5), NULL, 100, 'Succeeded'),
(2, tap.at(5), 10, NULL, 'Succeeded'),
(3, tap.at(5), 10, 'NaN', 'Succeeded'),
(4, tap.at(5), 10, -0.01, 'Refunded'),
(5, tap.at(5), 10, 100, NULL),
(6, tap.at(5), 10, 100, 'Paid'),
(7, tap.at(5), 10, 0, 'Succeeded'),
(8, tap.at(5), 10, 100, 'Failed'),
(9, tap.at(5), 10, 100, 'Refunded');
INSERT INTO raw.payment (payment_id, updated_at, order_id, amount, status, paid_at)
VALUES (10, tap.at(5), 10, 100, 'Failed', '1999-12-31'), (11, tap.at(5), 10, 100, 'Failed', '294276-12-31 23:00:00+00');

SELECT results_eq(
    $$SELECT * FROM tap.load('payment')$$,
    $$VALUES (11, 3, 0, 0, 0, 8)$$,
    'each status, an amount of zero and a payment without a time are good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key::bigint$$,
    $$VALUES
    ('payment', '1', 'order_missing'),
    ('payment', '2', 'amount_missing'),
    ('payment', '3', 'amount_missing'),
    ('payment', '4', 'amount_negative'),
    ('payment', '5', 'status_unknown'),
    ('payment', '6', 'status_unknown'),
    ('payment', '10', 'paid_at_implausible'),
    ('payment', '11', 'paid_at_implausible')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'payment' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
