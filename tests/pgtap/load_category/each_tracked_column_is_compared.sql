BEGIN;
SELECT plan(2);

INSERT INTO raw.category (category_id, updated_at, name, parent_category_id) VALUES (1, tap.at(1), 'Tops', 2);
SELECT tap.load('category');
UPDATE raw.category SET updated_at = tap.at(2), name = 'Shirts';
SELECT tap.load('category');
UPDATE raw.category SET updated_at = tap.at(3), parent_category_id = NULL;
SELECT tap.load('category');

SELECT results_eq(
    $$SELECT c.name, c.parent_category_id, c.valid_from, c.is_current FROM dds.category AS c ORDER BY c.valid_from$$,
    $$VALUES
    ('Tops', 2::bigint, tap.at(1), false),
    ('Shirts', 2, tap.at(2), false),
    ('Shirts', NULL, tap.at(3), true)$$,
    'a change of any one of them opens a version'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM dds.category$$,
    $$SELECT 1 + cardinality(tracked_columns) FROM sl.entity WHERE entity_name = 'category'$$,
    'no tracked column is left out'
);

SELECT * FROM finish();
ROLLBACK;
