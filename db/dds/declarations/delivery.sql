-- Deliveries: who carries an order, and how long it takes.
CALL sl.declare_entity(
    'delivery',
    p_source => 'raw.delivery',
    p_key => '{delivery_id}',
    p_tracked => '{order_id,shipped_at,delivered_at,carrier,status}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{order_id,status}'
);
CALL sl.declare_rule('delivery', 'order_missing', 'order_id IS NOT NULL', 'Order is missing', p_position => 10);
CALL sl.declare_rule(
    'delivery', 'delivered_before_shipped', 'coalesce(delivered_at >= shipped_at, true)',
    'Delivered before it was shipped',
    p_position => 20
);
CALL sl.declare_rule(
    'delivery', 'status_unknown', $$status IN ('Shipped', 'Delivered', 'Lost')$$,
    'Status is none of Shipped, Delivered, Lost',
    p_position => 30
);
CALL sl.declare_rule(
    'delivery', 'time_implausible',
    $$
    coalesce(least(shipped_at, delivered_at) >= timestamptz '2000-01-01 00:00:00+00', true)
    AND coalesce(greatest(shipped_at, delivered_at) < timestamptz '2200-01-01 00:00:00+00', true)
    $$,
    'Time of the shipping or the delivery lies before 2000, when the shop did not exist, or after 2199',
    p_position => 35
);

CALL sl.declare_index('delivery_order_idx', 'dds.delivery', '(order_id)');
