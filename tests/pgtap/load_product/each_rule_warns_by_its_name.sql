BEGIN;
SELECT plan(3);

INSERT INTO raw.category (category_id, updated_at, name) VALUES (1, tap.at(1), 'Tops');
SELECT tap.load('category');
INSERT INTO raw.product (product_id, updated_at, name, price, category_id, stock_quantity)
VALUES
(1, tap.at(1), 'Shirt', 500, 404, 1),
(2, tap.at(1), 'Shirt', 500, 1, -1),
(3, tap.at(1), 'Shirt', 500, 1, 0),
(4, tap.at(1), 'Shirt', 500, NULL, NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('product')$$,
    $$VALUES (4, 4, 0, 0, 0, 0)$$,
    'all are loaded'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY rule_name$$,
    $$VALUES ('category_unknown', 1::bigint, '1'), ('stock_negative', 1, '2')$$,
    'no stock, and a product that does not say, are no reason to warn'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'product' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

SELECT * FROM finish();
ROLLBACK;
