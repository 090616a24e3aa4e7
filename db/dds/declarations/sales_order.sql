-- Orders: who ordered, through which channel, and how far the order is.
CALL sl.declare_entity(
    'sales_order',
    p_source => 'raw.sales_order',
    p_key => '{order_id}',
    p_tracked => '{client_id,ordered_at,status,delivered_at,total_amount,channel,region}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted',
    p_required => '{ordered_at,status,total_amount}'
);
CALL sl.declare_rule(
    'sales_order', 'ordered_at_missing', 'ordered_at IS NOT NULL',
    'Time of the order is missing',
    p_position => 10
);
CALL sl.declare_rule(
    'sales_order', 'ordered_in_future', 'ordered_at <= clock_timestamp()',
    'Time of the order lies in the future',
    p_is_clock_dependent => true,
    p_position => 20
);
CALL sl.declare_rule(
    'sales_order', 'ordered_at_implausible', $$ordered_at >= timestamptz '2000-01-01 00:00:00+00'$$,
    'Time of the order lies before 2000, when the shop did not exist',
    p_position => 30
);
CALL sl.declare_rule(
    'sales_order', 'status_unknown', $$status IN ('Pending', 'Paid', 'Completed', 'Aborted')$$,
    'Status is none of Pending, Paid, Completed, Aborted',
    p_position => 40
);
CALL sl.declare_rule(
    'sales_order', 'total_missing', $$total_amount <> 'NaN'$$,
    'Total is missing or not a number',
    p_position => 50
);
CALL sl.declare_rule(
    'sales_order', 'delivered_before_ordered', 'coalesce(delivered_at >= ordered_at, true)',
    'Delivered before it was ordered',
    p_position => 60
);
CALL sl.declare_rule(
    'sales_order', 'delivered_at_implausible',
    $$coalesce(delivered_at < timestamptz '2200-01-01 00:00:00+00', true)$$,
    'Time of the delivery lies after 2199',
    p_position => 65
);
CALL sl.declare_rule(
    'sales_order', 'client_missing', 'client_id IS NOT NULL',
    'Client is missing: a guest ordered',
    p_severity => 'warn',
    p_position => 70
);
CALL sl.declare_rule(
    'sales_order', 'total_negative', 'total_amount >= 0',
    'Total is below zero: a correction',
    p_severity => 'warn',
    p_position => 80
);
CALL sl.declare_rule(
    'sales_order', 'channel_unknown',
    $$coalesce(sl.is_blank(channel) OR channel IN ('web', 'marketplace', 'store'), true)$$,
    'Channel is none of web, marketplace, store',
    p_severity => 'warn',
    p_position => 90
);
CALL sl.declare_rule(
    'sales_order', 'region_unknown',
    $$coalesce(sl.is_blank(region) OR region IN ('North', 'South', 'East', 'West'), true)$$,
    'Region is none of North, South, East, West',
    p_severity => 'warn',
    p_position => 100
);

-- Marts ask for the orders of a month, a week and a day, and for those of a client whose history changed: by months
-- first, so that a day's inserts lie together.
CALL sl.declare_index(
    'sales_order_month_client_idx', 'dds.sales_order',
    $$((date_trunc('month', ordered_at AT TIME ZONE 'Europe/Moscow')::date), client_id, ordered_at)$$
);
CALL sl.declare_index(
    'sales_order_week_idx', 'dds.sales_order',
    $$((date_trunc('week', ordered_at AT TIME ZONE 'Europe/Moscow')::date))$$
);
CALL sl.declare_index(
    'sales_order_day_idx', 'dds.sales_order',
    $$(((ordered_at AT TIME ZONE 'Europe/Moscow')::date))$$
);
