-- Categories of products: a tree. A mart shows the category as of the order.
CALL sl.declare_entity(
    'category',
    p_source => 'raw.category',
    p_key => '{category_id}',
    p_tracked => '{name,parent_category_id}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{name}',
    p_keeps_changed_periods => true
);
CALL sl.declare_rule('category', 'name_missing', 'NOT sl.is_blank(name)', 'Name is missing or blank', p_position => 10);
CALL sl.declare_rule(
    'category', 'parent_is_itself', 'parent_category_id IS DISTINCT FROM category_id',
    'The category is its own parent',
    p_position => 20
);
CALL sl.declare_rule(
    'category', 'parent_unknown', 'parent_category_id IS NULL OR dds.is_category_delivered(parent_category_id)',
    'The parent is no category that was delivered: the category counts as a top one until it is',
    p_severity => 'warn',
    p_position => 30
);
CALL sl.declare_rule(
    'category', 'cycle', 'NOT dds.is_category_in_cycle(category_id, parent_category_id)',
    'The category is its own ancestor',
    p_severity => 'warn',
    p_position => 40
);
