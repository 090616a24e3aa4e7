-- Revenue of the weeks that the days tshop.first to tshop.last touch by the region of the order, as it was known at the
-- moment tshop.as_of, or as it is now where it is empty.
SELECT
    region,
    rank() OVER (ORDER BY sum(total_amount) DESC) AS place,
    sum(total_amount) AS revenue,
    round(100 * sum(total_amount) / nullif(sum(sum(total_amount)) OVER (), 0), 1) AS "share, %",
    sum(sales_cnt)::bigint AS lines,
    sum(quantity)::bigint AS pieces
FROM cdm.region_sales
WHERE
    CASE
        WHEN current_setting('tshop.as_of') = '' THEN is_current
        ELSE
            valid_from <= current_setting('tshop.as_of')::timestamptz
            AND valid_to > current_setting('tshop.as_of')::timestamptz
    END
    AND week_start BETWEEN date_trunc('week', current_setting('tshop.first')::date)::date
    AND current_setting('tshop.last')::date
GROUP BY region
ORDER BY place, region
