-- The sales of the days tshop.first to tshop.last as they were reported at the moment tshop.as_of, or as they are known
-- now where it is empty: rows and exact sums, to be compared with ClickHouse's.
SELECT
    count(*) AS row_count,
    coalesce(sum(quantity), 0) AS pieces,
    coalesce(sum(total_amount), 0) AS revenue
FROM cdm.sales_mart
WHERE
    CASE
        WHEN current_setting('tshop.as_of') = '' THEN is_current
        ELSE
            valid_from <= current_setting('tshop.as_of')::timestamptz
            AND valid_to > current_setting('tshop.as_of')::timestamptz
    END
    AND (sold_at AT TIME ZONE 'Europe/Moscow')::date
    BETWEEN current_setting('tshop.first')::date AND current_setting('tshop.last')::date
