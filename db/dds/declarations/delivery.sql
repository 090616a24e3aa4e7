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
    'delivery', 'time_infinite', 'isfinite(shipped_at) IS NOT FALSE AND isfinite(delivered_at) IS NOT FALSE',
    'Time of the shipping or the delivery is infinite',
    p_position => 35
);

CREATE INDEX IF NOT EXISTS delivery_order_idx ON dds.delivery (order_id);
