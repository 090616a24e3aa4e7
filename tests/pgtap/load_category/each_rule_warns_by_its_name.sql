BEGIN;
SELECT plan(3);

-- 2 and 3 are each other's parent, and 4 stands below them.
INSERT INTO raw.category (category_id, updated_at, name, parent_category_id)
VALUES
(1, tap.at(1), 'Shoes', 404),
(2, tap.at(1), 'Clothes', 3),
(3, tap.at(1), 'Tops', 2),
(4, tap.at(1), 'Shirts', 3),
(5, tap.at(1), 'Boots', 1);

SELECT results_eq(
    $$SELECT * FROM tap.load('category')$$,
    $$VALUES (5, 5, 0, 0, 0, 0)$$,
    'all are loaded'
);
SELECT results_eq(
    $$SELECT rule_name, rows, example_key FROM sl.rule_warning ORDER BY rule_name$$,
    $$VALUES ('cycle', 2::bigint, '2'), ('parent_unknown', 1, '1')$$,
    'a parent that comes with its child is known, and what stands below a cycle is not in it'
);
SELECT set_eq(
    $$SELECT rule_name FROM sl.rule_warning$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'category' AND severity = 'warn'$$,
    'no rule that warns is left out'
);

SELECT * FROM finish();
ROLLBACK;
