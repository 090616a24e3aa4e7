BEGIN;
SELECT plan(3);

SELECT tap.put_product(1, tap.at(1), 500);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_order_id => 5);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_order_id => 6);
SELECT tap.load('product');
SELECT tap.load('sale');
INSERT INTO raw.sales_order (order_id, updated_at, ordered_at, status, client_id, total_amount, channel, region)
VALUES
(1, tap.at(5), tap.at(5), 'Paid', NULL, 1000, 'web', 'North'),
(2, tap.at(5), tap.at(5), 'Paid', 1, -0.01, 'web', 'North'),
(3, tap.at(5), tap.at(5), 'Paid', 1, 1000, 'fax', 'North'),
(4, tap.at(5), tap.at(5), 'Paid', 1, 1000, 'web', 'Centre'),
(5, tap.at(5), tap.at(5), 'Paid', 1, 1000.02, 'web', 'North'),
(6, tap.at(5), tap.at(5), 'Paid', 1, 999.99, 'store', 'South'),
(7, tap.at(5), tap.at(5), 'Paid', 1, 0, 'marketplace', 'East'),
(8, tap.at(5), tap.at(5), 'Paid', 1, 1000, NULL, 'West'),
(9, tap.at(5), tap.at(5), 'Paid', 1, 1000, ' ', ' ');

SELECT results_eq(
    $$SELECT * FROM tap.load('sales_order')$$,
    $$VALUES (9, 9, 0, 0, 0, 0)$$,
    'all are loaded'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY example_key$$,
    $$VALUES
    ('client_missing', 1::bigint, '1'),
    ('total_negative', 1, '2'),
    ('channel_unknown', 1, '3'),
    ('region_unknown', 1, '4'),
    ('lines_differ', 1, '5')$$,
    'a blank text, a kopeck, and no lines yet are no reason to warn'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'sales_order' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

SELECT * FROM finish();
ROLLBACK;
