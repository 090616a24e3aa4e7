-- Rules of products that look at other rows. They warn, since what they look for may arrive later: cdm.shop_finding
-- says what is so now.
CALL sl.declare_rule(
    'product', 'category_unknown',
    $$
    category_id IS NULL OR EXISTS (
        SELECT
        FROM dds.category AS c
        WHERE c.category_id = scd2_source_row.category_id AND c.is_current
    )
    $$,
    'The category is not known yet: the text of the product counts until it is',
    p_severity => 'warn',
    p_position => 40
);
