BEGIN;
SELECT plan(4);

-- What these rules were before a warehouse knew guests and returns.
CALL sl.declare_rule('sale', 'client_missing', 'client_id IS NOT NULL', 'Client is missing', p_position => 50);
CALL sl.declare_rule('sale', 'quantity_not_positive', 'quantity > 0', 'Quantity is zero or below', p_position => 75);
SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_client_id => NULL);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_quantity => -1);
SELECT tap.put_sale(3, tap.at(5), tap.at(5), p_quantity => 0);
SELECT tap.load('sale');
SELECT results_eq(
    $$SELECT entity_key, rule_name FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES ('1', 'client_missing'), ('2', 'quantity_not_positive'), ('3', 'quantity_not_positive')$$,
    'they were rejected'
);

DELETE FROM sl.quality_rule WHERE rule_name = 'quantity_not_positive';
CALL sl.declare_rule(
    'sale', 'client_missing', 'client_id IS NOT NULL', 'Client is missing: a guest bought',
    p_severity => 'warn', p_position => 50
);
SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (3, 2, 0, 0, 0, 1)$$,
    'the next load reads them again'
);
SELECT results_eq(
    $$SELECT sale_id, client_id, quantity FROM tap.sales()$$,
    $$VALUES (1, NULL, 2), (2, 1, -1)$$,
    'and takes the guest and the return'
);
SELECT results_eq(
    $$SELECT entity_key, rule_name FROM tap.rejections() WHERE NOT is_resolved ORDER BY entity_key, rule_name$$,
    $$VALUES ('3', 'quantity_not_positive'), ('3', 'quantity_zero')$$,
    'a line of no pieces stays rejected'
);

SELECT * FROM finish();
ROLLBACK;
