-- Rules of deliveries that look at other rows. They warn, since what they look for may arrive later: cdm.shop_finding
-- says what is so now.
CALL sl.declare_rule(
    'delivery', 'order_unknown',
    $$
    EXISTS (
        SELECT
        FROM dds.sales_order AS o
        WHERE o.order_id = scd2_source_row.order_id AND o.is_current
    )
    $$,
    'The order is not known yet',
    p_severity => 'warn',
    p_position => 40
);
CALL sl.declare_rule(
    'delivery', 'before_order',
    $$
    NOT EXISTS (
        SELECT
        FROM dds.sales_order AS o
        WHERE
            o.order_id = scd2_source_row.order_id
            AND o.is_current
            AND o.ordered_at > least(scd2_source_row.shipped_at, scd2_source_row.delivered_at)
    )
    $$,
    'Shipped or delivered before it was ordered',
    p_severity => 'warn',
    p_position => 50
);
