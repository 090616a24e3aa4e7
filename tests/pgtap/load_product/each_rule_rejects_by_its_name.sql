BEGIN;
SELECT plan(3);

SELECT tap.put_product(1, tap.at(1), p_name => NULL);
SELECT tap.put_product(2, tap.at(1), p_name => '  ');
SELECT tap.put_product(3, tap.at(1), NULL);
SELECT tap.put_product(4, tap.at(1), 'NaN');
SELECT tap.put_product(5, tap.at(1), -0.01);
SELECT tap.put_product(6, tap.at(1), 0);

SELECT results_eq(
    $$SELECT * FROM tap.load('product')$$,
    $$VALUES (6, 1, 0, 0, 0, 5)$$,
    'a price of zero is good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES
    ('product', '1', 'name_missing'),
    ('product', '2', 'name_missing'),
    ('product', '3', 'price_missing'),
    ('product', '4', 'price_missing'),
    ('product', '5', 'price_negative')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'product' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
