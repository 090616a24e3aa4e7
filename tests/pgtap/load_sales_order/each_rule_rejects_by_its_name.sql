BEGIN;
SELECT plan(3);

INSERT INTO raw.sales_order (order_id, updated_at, ordered_at, status, total_amount, delivered_at)
VALUES
(1, tap.at(5), NULL, 'Paid', 100, NULL),
(2, tap.at(5), 'infinity', 'Paid', 100, NULL),
(3, tap.at(5), '1999-12-31 23:59:59+00', 'Paid', 100, NULL),
(4, tap.at(5), tap.at(5), NULL, 100, NULL),
(5, tap.at(5), tap.at(5), 'paid', 100, NULL),
(6, tap.at(5), tap.at(5), 'Paid', NULL, NULL),
(7, tap.at(5), tap.at(5), 'Paid', 'NaN', NULL),
(8, tap.at(5), tap.at(5), 'Completed', 100, tap.at(4)),
(9, tap.at(5), tap.at(5), 'Completed', 100, 'infinity'),
(10, tap.at(5), tap.at(5), 'Completed', 0, tap.at(5)),
(11, tap.at(5), '2000-01-01 00:00:00+00', 'Aborted', 100, NULL),
(12, tap.at(5), tap.at(5), 'Pending', 100, NULL),
(13, tap.at(5), tap.at(5), 'Paid', 100, NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('sales_order')$$,
    $$VALUES (13, 4, 0, 0, 0, 9)$$,
    'each status, a total of zero, the first moment of the shop and a delivery at the time of the order are good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key::bigint$$,
    $$VALUES
    ('sales_order', '1', 'ordered_at_missing'),
    ('sales_order', '2', 'ordered_in_future'),
    ('sales_order', '3', 'ordered_at_implausible'),
    ('sales_order', '4', 'status_unknown'),
    ('sales_order', '5', 'status_unknown'),
    ('sales_order', '6', 'total_missing'),
    ('sales_order', '7', 'total_missing'),
    ('sales_order', '8', 'delivered_before_ordered'),
    ('sales_order', '9', 'delivered_at_implausible')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'sales_order' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
