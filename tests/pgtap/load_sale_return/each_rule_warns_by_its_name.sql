BEGIN;
SELECT plan(4);

SELECT tap.put_sale(1, tap.at(5), tap.at(5), p_quantity => 3);
SELECT tap.put_sale(2, tap.at(5), tap.at(5), p_quantity => 3);
SELECT tap.load('sale');
INSERT INTO raw.sale_return (return_id, updated_at, sale_id, returned_at, quantity)
VALUES (1, tap.at(6), 1, tap.at(6), 2), (2, tap.at(6), 2, tap.at(6), 4), (3, tap.at(6), 404, tap.at(6), 1);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale_return')$$,
    $$VALUES (3, 3, 0, 0, 0, 0)$$,
    'all are loaded'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY rule_name$$,
    $$VALUES ('more_than_sold', 1::bigint, '2'), ('sale_unknown', 1, '3')$$,
    'of a line that is not known, it is not known what is too much'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'sale_return' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

DELETE FROM sl.rule_warning;
UPDATE raw.sale_return SET updated_at = tap.at(7), quantity = 1 WHERE return_id = 1;
INSERT INTO raw.sale_return (return_id, updated_at, sale_id, returned_at, quantity)
VALUES (4, tap.at(7), 1, tap.at(7), 2);
SELECT tap.load('sale_return');
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning$$,
    $$VALUES ('more_than_sold', 1::bigint, '4')$$,
    'what came back before counts, as the load finds it, and the row itself counts once'
);

SELECT * FROM finish();
ROLLBACK;
