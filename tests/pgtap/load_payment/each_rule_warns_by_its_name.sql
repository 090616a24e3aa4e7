BEGIN;
SELECT plan(3);

INSERT INTO raw.sales_order (order_id, updated_at, ordered_at, status, total_amount)
VALUES (1, tap.at(5), tap.at(5), 'Paid', 100), (2, tap.at(5), tap.at(5), 'Paid', 100);
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(6), is_deleted = true WHERE order_id = 2;
SELECT tap.load('sales_order');
DELETE FROM sl.rule_warning;
INSERT INTO raw.payment (payment_id, updated_at, order_id, amount, status)
VALUES
(1, tap.at(5), 1, 100, 'Succeeded'),
(2, tap.at(5), 2, 100, 'Succeeded'),
(3, tap.at(5), 404, 100, 'Succeeded');

SELECT results_eq(
    $$SELECT * FROM tap.load('payment')$$,
    $$VALUES (3, 3, 0, 0, 0, 0)$$,
    'all are loaded'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning$$,
    $$VALUES ('order_unknown', 2::bigint, '2')$$,
    'an order that was deleted is as unknown as one that never came'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'payment' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

SELECT * FROM finish();
ROLLBACK;
