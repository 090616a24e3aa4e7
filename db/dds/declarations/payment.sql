-- Payments: an order may be paid in parts, and paid back.
CALL sl.declare_entity(
    'payment',
    p_source => 'raw.payment',
    p_key => '{payment_id}',
    p_tracked => '{order_id,paid_at,amount,method,status}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{order_id,amount,status}'
);
CALL sl.declare_rule('payment', 'order_missing', 'order_id IS NOT NULL', 'Order is missing', p_position => 10);
CALL sl.declare_rule(
    'payment', 'amount_missing', $$amount <> 'NaN'$$,
    'Amount is missing or not a number',
    p_position => 20
);
CALL sl.declare_rule(
    'payment', 'amount_negative', 'amount >= 0',
    'Amount is below zero: what went back is a payment of status Refunded',
    p_position => 30
);
CALL sl.declare_rule(
    'payment', 'status_unknown', $$status IN ('Succeeded', 'Failed', 'Refunded')$$,
    'Status is none of Succeeded, Failed, Refunded',
    p_position => 40
);
CALL sl.declare_rule(
    'payment', 'paid_at_implausible',
    $$
    coalesce(paid_at >= timestamptz '2000-01-01 00:00:00+00' AND paid_at < timestamptz '2200-01-01 00:00:00+00', true)
    $$,
    'Time of the payment lies before 2000, when the shop did not exist, or after 2199',
    p_position => 45
);

CALL sl.declare_index('payment_order_idx', 'dds.payment', '(order_id)');
