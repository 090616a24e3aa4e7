BEGIN;
SELECT plan(3);

SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_order_id => NULL);
SELECT tap.put_sale(2, tap.at(5), NULL);
SELECT tap.put_sale(3, tap.at(5), 'infinity');
SELECT tap.put_sale(4, tap.at(5), '-infinity');
SELECT tap.put_sale(5, tap.at(5), tap.at(5), p_product_id => NULL);
SELECT tap.put_sale(6, tap.at(5), tap.at(5), p_quantity => NULL);
SELECT tap.put_sale(7, tap.at(5), tap.at(5), p_quantity => 0);
SELECT tap.put_sale(8, tap.at(5), tap.at(5), p_unit_price => 'NaN');
SELECT tap.put_sale(9, tap.at(5), tap.at(5), p_quantity => 1);
SELECT tap.put_sale(10, tap.at(5), tap.at(5));
UPDATE raw.sale SET amount = 'NaN' WHERE sale_id = 10;
SELECT tap.put_sale(11, tap.at(5), tap.at(5), p_quantity => -10000001);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale')$$,
    $$VALUES (11, 1, 0, 0, 0, 10)$$,
    'one piece is good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key::bigint$$,
    $$VALUES
    ('sale', '1', 'order_missing'),
    ('sale', '2', 'sold_at_missing'),
    ('sale', '3', 'sold_in_future'),
    ('sale', '4', 'sold_at_implausible'),
    ('sale', '5', 'product_missing'),
    ('sale', '6', 'quantity_missing'),
    ('sale', '7', 'quantity_zero'),
    ('sale', '8', 'unit_price_not_a_number'),
    ('sale', '10', 'amount_not_a_number'),
    ('sale', '11', 'quantity_implausible')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'sale' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
