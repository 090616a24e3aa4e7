-- Of each mart other than the sales mart the batch that was published last, whether readers see none of its rows though
-- there are some, and whether it was found damaged and no run has pulled it again yet.
SELECT
    concat('tshop.', p.mart) AS mart,
    p.last_run_id AS last_run_id,
    p.last_started_at AS last_started_at,
    p.last_published_at AS last_published_at,
    p.mart_rows AS published,
    published > 0 AND ifNull(t.total_rows, 0) = 0 AS is_lost,
    p.mart IN (SELECT mart FROM tshop.mart_to_heal) AS is_damaged
FROM (
    SELECT
        mart,
        max(run_id) AS last_run_id,
        argMax(started_at, run_id) AS last_started_at,
        max(published_at) AS last_published_at,
        argMax(mart_rows, run_id) AS mart_rows
    FROM tshop.published_mart_batch
    GROUP BY mart
) AS p
LEFT JOIN (SELECT name, total_rows FROM system.tables WHERE database = 'tshop') AS t ON p.mart = t.name
ORDER BY mart
