-- Returns: what of a line came back.
CALL sl.declare_entity(
    'sale_return',
    p_source => 'raw.sale_return',
    p_key => '{return_id}',
    p_tracked => '{sale_id,returned_at,quantity,amount,reason}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{sale_id,returned_at,quantity}'
);
CALL sl.declare_rule('sale_return', 'sale_missing', 'sale_id IS NOT NULL', 'Line is missing', p_position => 10);
CALL sl.declare_rule(
    'sale_return', 'quantity_missing', 'quantity IS NOT NULL',
    'Quantity is missing',
    p_position => 20
);
CALL sl.declare_rule(
    'sale_return', 'quantity_not_positive', 'quantity > 0',
    'Quantity is zero or below',
    p_position => 30
);
CALL sl.declare_rule(
    'sale_return', 'quantity_implausible', 'quantity <= 10000000', 'Quantity is above ten million pieces',
    p_position => 35
);
CALL sl.declare_rule(
    'sale_return', 'returned_at_missing', 'returned_at IS NOT NULL',
    'Time of the return is missing',
    p_position => 40
);
CALL sl.declare_rule(
    'sale_return', 'returned_in_future', 'returned_at <= clock_timestamp()',
    'Time of the return lies in the future',
    p_is_clock_dependent => true,
    p_position => 50
);
CALL sl.declare_rule(
    'sale_return', 'amount_not_a_number', $$amount IS DISTINCT FROM 'NaN'$$,
    'Amount is not a number',
    p_position => 60
);
CALL sl.declare_rule(
    'sale_return', 'returned_at_implausible', $$returned_at >= timestamptz '2000-01-01 00:00:00+00'$$,
    'Time of the return lies before 2000, when the shop did not exist',
    p_position => 55
);
CALL sl.declare_rule(
    'sale_return', 'amount_negative', 'coalesce(amount >= 0, true)', 'Amount is below zero', p_position => 65
);

CALL sl.declare_index('sale_return_sale_idx', 'dds.sale_return', '(sale_id)');
