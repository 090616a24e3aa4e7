-- The ten products that brought the most revenue in the months that the days tshop.first to tshop.last touch, by the
-- name and category that they had as of the order; as it was known at the moment tshop.as_of, or as it is now where it
-- is empty.
SELECT
    product_name AS product,
    product_category AS category,
    sum(total_revenue) AS revenue,
    (sum(ordered_quantity) - sum(aborted_quantity))::bigint AS pieces
FROM cdm.product_sales
WHERE
    CASE
        WHEN current_setting('tshop.as_of') = '' THEN is_current
        ELSE
            valid_from <= current_setting('tshop.as_of')::timestamptz
            AND valid_to > current_setting('tshop.as_of')::timestamptz
    END
    AND order_month BETWEEN date_trunc('month', current_setting('tshop.first')::date)::date
    AND current_setting('tshop.last')::date
GROUP BY product_name, product_category
ORDER BY revenue DESC, product_name, product_category
LIMIT 10
