-- Rules of orders that look at other rows. They warn, since what they look for may arrive later: cdm.shop_finding
-- says what is so now.
CALL sl.declare_rule(
    'sales_order', 'lines_differ',
    $$
    coalesce(
        abs(
            total_amount - (
                SELECT
                    sum(
                        coalesce(
                            s.amount,
                            s.unit_price * s.quantity,
                            dds.price_of_product(s.product_id, scd2_source_row.ordered_at) * s.quantity,
                            0
                        )
                    )
                FROM dds.sale AS s
                WHERE s.order_id = scd2_source_row.order_id AND s.is_current
            )
        ) <= 0.01,
        true
    )
    $$,
    'The lines that are known add up to something else than the total',
    p_severity => 'warn',
    p_position => 110
);
