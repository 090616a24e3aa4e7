-- Rules of returns that look at other rows. They warn, since what they look for may arrive later: cdm.shop_finding
-- says what is so now.
CALL sl.declare_rule(
    'sale_return', 'sale_unknown',
    $$
    EXISTS (
        SELECT
        FROM dds.sale AS s
        WHERE s.sale_id = scd2_source_row.sale_id AND s.is_current
    )
    $$,
    'The line is not known yet',
    p_severity => 'warn',
    p_position => 70
);
CALL sl.declare_rule(
    'sale_return', 'more_than_sold',
    $$
    NOT EXISTS (
        SELECT
        FROM dds.sale AS s
        WHERE
            s.sale_id = scd2_source_row.sale_id
            AND s.is_current
            AND s.quantity < scd2_source_row.quantity + (
                SELECT coalesce(sum(r.quantity), 0)
                FROM dds.sale_return AS r
                WHERE r.sale_id = s.sale_id AND r.is_current AND r.return_id <> scd2_source_row.return_id
            )
    )
    $$,
    'More comes back than was sold, with the returns that were loaded before',
    p_severity => 'warn',
    p_position => 80
);
