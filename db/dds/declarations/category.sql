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
