-- Products, one row a product and size: what was bought. A mart shows the product as of the sale.
CALL sl.declare_entity(
    'product',
    p_source => 'raw.product',
    p_key => '{product_id}',
    p_tracked => '{name,category,size,price,description,category_id,created_at}',
    p_in_place => '{stock_quantity}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{name,price}',
    p_keeps_changed_periods => true
);
CALL sl.declare_rule(
    'product', 'name_missing', 'NOT sl.is_blank(name)', 'Name is missing or blank', p_position => 10
);
CALL sl.declare_rule(
    'product', 'price_missing', $$price <> 'NaN'$$, 'Price is missing or not a number', p_position => 20
);
CALL sl.declare_rule('product', 'price_negative', 'price >= 0', 'Price is below zero', p_position => 30);
CALL sl.declare_rule(
    'product', 'stock_negative', 'coalesce(stock_quantity >= 0, true)',
    'Stock is below zero',
    p_severity => 'warn',
    p_position => 50
);
