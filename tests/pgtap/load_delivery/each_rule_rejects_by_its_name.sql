BEGIN;
SELECT plan(3);

INSERT INTO raw.delivery (delivery_id, updated_at, order_id, shipped_at, delivered_at, status)
VALUES
(1, tap.at(5), NULL, tap.at(4), NULL, 'Shipped'),
(2, tap.at(5), 10, tap.at(4), tap.at(3), 'Delivered'),
(3, tap.at(5), 10, tap.at(4), NULL, NULL),
(4, tap.at(5), 10, tap.at(4), NULL, 'Sent'),
(5, tap.at(5), 10, '-infinity', NULL, 'Shipped'),
(6, tap.at(5), 10, NULL, 'infinity', 'Delivered'),
(7, tap.at(5), 10, tap.at(4), tap.at(4), 'Delivered'),
(8, tap.at(5), 10, NULL, NULL, 'Shipped'),
(9, tap.at(5), 10, tap.at(4), NULL, 'Lost');

SELECT results_eq(
    $$SELECT * FROM tap.load('delivery')$$,
    $$VALUES (9, 3, 0, 0, 0, 6)$$,
    'each status, no times, and a delivery at the time of the shipping are good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES
    ('delivery', '1', 'order_missing'),
    ('delivery', '2', 'delivered_before_shipped'),
    ('delivery', '3', 'status_unknown'),
    ('delivery', '4', 'status_unknown'),
    ('delivery', '5', 'time_infinite'),
    ('delivery', '6', 'time_infinite')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'delivery' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
