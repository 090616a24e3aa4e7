-- Orders of the months that the days tshop.first to tshop.last touch, by status: how many are in it, how many are or
-- were in it, and the hours that a stay took on average, of those that are over; as they were known at the moment
-- tshop.as_of, or as they are now where it is empty.
WITH stay AS (
    SELECT
        status,
        sum(orders_cnt)::bigint AS were_in_it,
        round(sum(avg_hours * left_cnt) / nullif(sum(left_cnt), 0), 1) AS hours_in_it
    FROM cdm.status_time
    WHERE
        CASE
            WHEN current_setting('tshop.as_of') = '' THEN is_current
            ELSE
                valid_from <= current_setting('tshop.as_of')::timestamptz
                AND valid_to > current_setting('tshop.as_of')::timestamptz
        END
        AND order_month BETWEEN date_trunc('month', current_setting('tshop.first')::date)::date
        AND current_setting('tshop.last')::date
    GROUP BY status
),
present AS (
    SELECT
        sum(pending_orders)::bigint AS pending,
        sum(paid_orders)::bigint AS paid,
        sum(completed_orders)::bigint AS completed,
        sum(aborted_orders)::bigint AS aborted
    FROM cdm.user_sales
    WHERE
        CASE
            WHEN current_setting('tshop.as_of') = '' THEN is_current
            ELSE
                valid_from <= current_setting('tshop.as_of')::timestamptz
                AND valid_to > current_setting('tshop.as_of')::timestamptz
        END
        AND order_month BETWEEN date_trunc('month', current_setting('tshop.first')::date)::date
        AND current_setting('tshop.last')::date
)
SELECT
    s.status,
    CASE s.status
        WHEN 'Pending' THEN p.pending WHEN 'Paid' THEN p.paid WHEN 'Completed' THEN p.completed ELSE p.aborted
    END AS orders,
    s.were_in_it,
    s.hours_in_it
FROM stay AS s
CROSS JOIN present AS p
ORDER BY array_position(ARRAY['Pending', 'Paid', 'Completed', 'Aborted'], s.status)
