-- Rules of payments that look at other rows. They warn, since what they look for may arrive later: cdm.shop_finding
-- says what is so now.
CALL sl.declare_rule(
    'payment', 'order_unknown',
    $$
    EXISTS (
        SELECT
        FROM dds.sales_order AS o
        WHERE o.order_id = scd2_source_row.order_id AND o.is_current
    )
    $$,
    'The order is not known yet',
    p_severity => 'warn',
    p_position => 50
);
