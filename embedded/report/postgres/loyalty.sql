-- Orders of the months that the days tshop.first to tshop.last touch, by the loyalty status of the client as of the
-- order, as they were known at the moment tshop.as_of, or as they are now where it is empty. Clients are those of the
-- newest month: different clients of several months do not add up.
SELECT
    loyalty_status AS loyalty_level,
    sum(orders_cnt)::bigint AS orders,
    sum(total_revenue) AS revenue,
    round(sum(total_order_amount) / sum(orders_cnt), 2) AS average_order,
    coalesce(sum(unique_users) FILTER (WHERE order_month = newest_month), 0)::bigint AS clients_of_newest_month
FROM (
    SELECT
        *,
        max(order_month) OVER () AS newest_month
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
) AS u
GROUP BY loyalty_status
ORDER BY array_position(ARRAY['Platinum', 'Gold', 'Silver', 'Basic'], loyalty_status) ASC NULLS LAST, loyalty_status ASC
