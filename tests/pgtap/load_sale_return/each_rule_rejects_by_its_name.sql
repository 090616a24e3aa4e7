BEGIN;
SELECT plan(3);

INSERT INTO raw.sale_return (return_id, updated_at, sale_id, returned_at, quantity, amount)
VALUES
(1, tap.at(5), NULL, tap.at(5), 1, 100),
(2, tap.at(5), 1, tap.at(5), NULL, 100),
(3, tap.at(5), 1, tap.at(5), 0, 100),
(4, tap.at(5), 1, tap.at(5), -1, 100),
(5, tap.at(5), 1, NULL, 1, 100),
(6, tap.at(5), 1, 'infinity', 1, 100),
(7, tap.at(5), 1, tap.at(5), 1, 'NaN'),
(8, tap.at(5), 1, tap.at(5), 1, NULL),
(9, tap.at(5), 1, tap.at(5), 10000001, 100),
(10, tap.at(5), 1, '-infinity', 1, 100),
(11, tap.at(5), 1, tap.at(5), 1, -0.01);

SELECT results_eq(
    $$SELECT * FROM tap.load('sale_return')$$,
    $$VALUES (11, 1, 0, 0, 0, 10)$$,
    'one piece without an amount is good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key::bigint$$,
    $$VALUES
    ('sale_return', '1', 'sale_missing'),
    ('sale_return', '2', 'quantity_missing'),
    ('sale_return', '3', 'quantity_not_positive'),
    ('sale_return', '4', 'quantity_not_positive'),
    ('sale_return', '5', 'returned_at_missing'),
    ('sale_return', '6', 'returned_in_future'),
    ('sale_return', '7', 'amount_not_a_number'),
    ('sale_return', '9', 'quantity_implausible'),
    ('sale_return', '10', 'returned_at_implausible'),
    ('sale_return', '11', 'amount_negative')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'sale_return' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
