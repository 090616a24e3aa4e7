-- Sales, one row a line of an order. A line without a client is a guest's, one below zero a return or a correction.
CALL sl.declare_entity(
    'sale',
    p_source => 'raw.sale',
    p_key => '{sale_id}',
    p_tracked => '{order_id,sold_at,client_id,product_id,quantity,unit_price,amount}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{order_id,sold_at,product_id,quantity}'
);
CALL sl.declare_rule('sale', 'order_missing', 'order_id IS NOT NULL', 'Order is missing', p_position => 10);
CALL sl.declare_rule('sale', 'sold_at_missing', 'sold_at IS NOT NULL', 'Time of the sale is missing', p_position => 20);
CALL sl.declare_rule(
    'sale', 'sold_in_future', 'sold_at <= clock_timestamp()', 'Time of the sale lies in the future',
    p_is_clock_dependent => true,
    p_position => 30
);
CALL sl.declare_rule(
    'sale', 'sold_at_implausible', $$sold_at >= timestamptz '2000-01-01 00:00:00+00'$$,
    'Time of the sale lies before 2000, when the shop did not exist',
    p_position => 40
);
CALL sl.declare_rule(
    'sale', 'client_missing', 'client_id IS NOT NULL', 'Client is missing: a guest bought',
    p_severity => 'warn',
    p_position => 50
);
CALL sl.declare_rule('sale', 'product_missing', 'product_id IS NOT NULL', 'Product is missing', p_position => 60);
CALL sl.declare_rule('sale', 'quantity_missing', 'quantity IS NOT NULL', 'Quantity is missing', p_position => 70);
CALL sl.declare_rule('sale', 'quantity_zero', 'quantity <> 0', 'Quantity is zero', p_position => 80);
CALL sl.declare_rule(
    'sale', 'quantity_negative', 'quantity >= 0', 'Quantity is below zero: a return or a correction',
    p_severity => 'warn',
    p_position => 90
);
CALL sl.declare_rule(
    'sale', 'unit_price_not_a_number', $$unit_price IS DISTINCT FROM 'NaN'$$, 'Price of the line is not a number',
    p_position => 100
);
CALL sl.declare_rule(
    'sale', 'unit_price_negative', $$coalesce(unit_price >= 0, true)$$, 'Price of the line is below zero: a correction',
    p_severity => 'warn',
    p_position => 110
);
CALL sl.declare_rule(
    'sale', 'quantity_implausible', 'abs(quantity::bigint) <= 10000000', 'Quantity is above ten million pieces',
    p_position => 95
);
CALL sl.declare_rule(
    'sale', 'amount_not_a_number', $$amount IS DISTINCT FROM 'NaN'$$,
    'Amount of the line is not a number',
    p_position => 120
);
