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
(9, tap.at(5), 10, tap.at(4), NULL, 'Lost'),
(10, tap.at(5), 10, '294276-12-31 23:00:00+00', NULL, 'Shipped');

SELECT results_eq(
    $$SELECT * FROM tap.load('delivery')$$,
    $$VALUES (10, 3, 0, 0, 0, 7)$$,
    'each status, no times, and a delivery at the time of the shipping are good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key::bigint$$,
    $$VALUES
    ('delivery', '1', 'order_missing'),
    ('delivery', '2', 'delivered_before_shipped'),
    ('delivery', '3', 'status_unknown'),
    ('delivery', '4', 'status_unknown'),
    ('delivery', '5', 'time_implausible'),
    ('delivery', '6', 'time_implausible'),
    ('delivery', '10', 'time_implausible')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'delivery' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
