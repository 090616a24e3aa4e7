-- Rules of categories that look at other rows. They warn, since what they look for may arrive later: cdm.shop_finding
-- says what is so now.
CALL sl.declare_rule(
    'category', 'parent_unknown',
    $$
    parent_category_id IS NULL OR EXISTS (
        SELECT
        FROM raw.category AS c
        WHERE c.category_id = scd2_source_row.parent_category_id AND c.is_deleted IS NOT TRUE
    )
    $$,
    'The parent is no category that was delivered: the category counts as a top one until it is',
    p_severity => 'warn',
    p_position => 30
);
CALL sl.declare_rule(
    'category', 'cycle',
    $$
    category_id NOT IN (
        WITH RECURSIVE ancestor AS (
            SELECT scd2_source_row.parent_category_id AS category_id, 1 AS level
            UNION
            SELECT c.parent_category_id, a.level + 1
            FROM ancestor AS a
            INNER JOIN raw.category AS c ON c.category_id = a.category_id
            WHERE a.level < 32
        )

        SELECT a.category_id
        FROM ancestor AS a
        WHERE a.category_id IS NOT NULL
    )
    $$,
    'The category is its own ancestor',
    p_severity => 'warn',
    p_position => 40
);
