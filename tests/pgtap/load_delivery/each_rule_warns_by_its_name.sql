BEGIN;
SELECT plan(3);

INSERT INTO raw.sales_order (order_id, updated_at, ordered_at, status, client_id, total_amount)
VALUES (1, tap.at(5), tap.at(5), 'Paid', 1, 100);
SELECT tap.load('sales_order');
INSERT INTO raw.delivery (delivery_id, updated_at, order_id, shipped_at, delivered_at, status)
VALUES
(1, tap.at(6), 1, tap.at(5), tap.at(6), 'Delivered'),
(2, tap.at(6), 404, tap.at(5), NULL, 'Shipped'),
(3, tap.at(6), 1, tap.at(5, '-1 second'), tap.at(6), 'Delivered'),
(4, tap.at(6), 1, NULL, tap.at(4), 'Delivered'),
(5, tap.at(6), 1, NULL, NULL, 'Shipped');

SELECT results_eq(
    $$SELECT * FROM tap.load('delivery')$$,
    $$VALUES (5, 5, 0, 0, 0, 0)$$,
    'all are loaded'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY rule_name$$,
    $$VALUES ('before_order', 2::bigint, '3'), ('order_unknown', 1, '2')$$,
    'a delivery without times, or of an order that is not known, is not before it'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'delivery' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

SELECT * FROM finish();
ROLLBACK;
