BEGIN;
SELECT plan(3);

INSERT INTO raw.category (category_id, updated_at, name, parent_category_id)
VALUES
(1, tap.at(1), NULL, NULL),
(2, tap.at(1), ' ', NULL),
(3, tap.at(1), 'Tops', 3),
(4, tap.at(1), 'Clothes', NULL),
(5, tap.at(1), 'Shirts', 4);

SELECT results_eq(
    $$SELECT * FROM tap.load('category')$$,
    $$VALUES (5, 2, 0, 0, 0, 3)$$,
    'with a parent and without one a category is good'
);
SELECT results_eq(
    $$SELECT entity_name, entity_key, rule_name FROM tap.rejections() ORDER BY entity_key$$,
    $$VALUES
    ('category', '1', 'name_missing'),
    ('category', '2', 'name_missing'),
    ('category', '3', 'parent_is_itself')$$,
    'each bad row carries its rule'
);
SELECT set_eq(
    $$SELECT rule_name FROM tap.rejections()$$,
    $$SELECT rule_name FROM sl.quality_rule WHERE entity_name = 'category' AND severity = 'reject'$$,
    'no rule that rejects is left out'
);

SELECT * FROM finish();
ROLLBACK;
