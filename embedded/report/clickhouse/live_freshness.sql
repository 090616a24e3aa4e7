-- Seconds from an order to its publication in ClickHouse, of the lines that were ordered since a moment, which stands
-- in place of 1970.
SELECT
    length(seconds) AS lines,
    seconds[toUInt32(ceil(lines * 0.5))] AS p50,
    seconds[toUInt32(ceil(lines * 0.95))] AS p95
FROM (
    SELECT arraySort(groupArray(dateDiff('millisecond', s.sold_at, b.published_at) / 1000)) AS seconds
    FROM tshop.sales_mart AS s
    INNER JOIN tshop.published_batch AS b ON s.run_id = b.run_id
    WHERE
        s.sale_id BETWEEN 1000000000000 AND 1999999999999
        AND s.version_no = 1
        AND s.sold_at >= toDateTime64('1970-01-01 00:00:00', 6, 'UTC')
)
