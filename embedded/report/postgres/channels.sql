-- Orders and money of the days tshop.first to tshop.last by the channel of the order, then all of them, as they were
-- known at the moment tshop.as_of, or as they are now where it is empty. Returns, payments and deliveries count on the
-- day of the order.
SELECT
    coalesce(channel, 'all') AS channel,
    sum(orders_cnt)::bigint AS orders,
    sum(gross_amount) AS gross_revenue,
    sum(returned_amount) AS returned,
    sum(net_amount) AS net_revenue,
    sum(paid_amount) AS paid,
    sum(delivered_orders)::bigint AS delivered_orders
FROM cdm.daily_sales
WHERE
    CASE
        WHEN current_setting('tshop.as_of') = '' THEN is_current
        ELSE
            valid_from <= current_setting('tshop.as_of')::timestamptz
            AND valid_to > current_setting('tshop.as_of')::timestamptz
    END
    AND sold_on BETWEEN current_setting('tshop.first')::date AND current_setting('tshop.last')::date
GROUP BY GROUPING SETS ((channel), ())
HAVING count(*) > 0
ORDER BY grouping(channel), gross_revenue DESC, channel
