-- Seconds from a change in the shop to its landing and to raw, of the documents that landed since the setting
-- tshop.since. The temporary table applied_sample has what was applied when, as it was seen meanwhile.
SELECT
    count(*) AS messages,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(EPOCH FROM d.landed_at - d.written_at)) AS landed_p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(EPOCH FROM d.landed_at - d.written_at)) AS landed_p95,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(EPOCH FROM a.applied_at - d.written_at)) AS raw_p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(EPOCH FROM a.applied_at - d.written_at)) AS raw_p95
FROM landing.document AS d
CROSS JOIN LATERAL (
    SELECT s.applied_at
    FROM applied_sample AS s
    WHERE s.stream = d.stream AND s.partition = d.partition AND s.position >= d.position
    ORDER BY s.position
    LIMIT 1
) AS a
WHERE d.landed_at >= current_setting('tshop.since')::timestamptz
