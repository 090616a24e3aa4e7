BEGIN;
SELECT plan(2);

INSERT INTO raw.category (category_id, name, parent_category_id, updated_at)
VALUES (1, 'Clothes', NULL, tap.at(1)), (2, 'Tops', 1, tap.at(1));
SELECT tap.load('category');

SELECT results_eq(
    $$SELECT * FROM tap.call('cdm.build_category_tree')$$,
    $$VALUES (2, 2, 0, 0, 0, 0)$$,
    'the first build makes a row a category'
);
SELECT tap.load('category');
SELECT results_eq(
    $$SELECT * FROM tap.call('cdm.build_category_tree')$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'a load that has changed nothing gives the next one nothing to read'
);

SELECT * FROM finish();
ROLLBACK;
