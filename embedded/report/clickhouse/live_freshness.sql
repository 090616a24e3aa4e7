-- Seconds from an order to its publication in ClickHouse, of the lines that were ordered since the parameter since.
SELECT
    count() AS lines,
    quantile(0.5)(dateDiff('millisecond', s.sold_at, b.published_at) / 1000) AS p50,
    quantile(0.95)(dateDiff('millisecond', s.sold_at, b.published_at) / 1000) AS p95
FROM tshop.sales_mart AS s
INNER JOIN tshop.published_batch AS b ON s.run_id = b.run_id
WHERE
    s.sale_id BETWEEN 1000000000000 AND 1999999999999
    AND s.version_no = 1
    AND s.sold_at >= parseDateTime64BestEffort({since: String}, 6, 'UTC')
