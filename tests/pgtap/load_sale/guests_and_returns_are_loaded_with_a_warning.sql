BEGIN;
SELECT plan(4);

SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_client_id => NULL);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_client_id => NULL, p_quantity => -2);
SELECT tap.put_sale(3, tap.at(5), tap.at(5), p_quantity => -1);
SELECT tap.put_sale(4, tap.at(5), tap.at(5), p_unit_price => -0.01);
SELECT tap.put_sale(5, tap.at(5), tap.at(5), p_client_id => NULL, p_quantity => 0);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (5, 4, 0, 0, 0, 1)$$,
    'all are loaded but the one without pieces'
);
SELECT results_eq(
    $$SELECT sale_id, client_id, quantity FROM tap.sales()$$,
    $$VALUES (1, NULL, 2), (2, NULL, -2), (3, 1, -1), (4, 1, 2)$$,
    'as they are'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY rule_name$$,
    $$VALUES
    ('client_missing', 2::bigint, '1'), ('quantity_negative', 2::bigint, '2'), ('unit_price_negative', 1::bigint, '4')$$,
    'they are counted by rule, a rejected row is not'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'sale' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

SELECT * FROM finish();
ROLLBACK;
