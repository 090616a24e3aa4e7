-- What lies between the batch of a mart (its table is the setting tshop.mart) that ClickHouse published last
-- (tshop.run_id, 0 where none was, and tshop.started_at) and the mart: whether the warehouse has that build, and of the
-- builds after it the rows and for how many minutes the first of them has waited.
WITH published AS (
    SELECT
        current_setting('tshop.run_id')::bigint AS run_id,
        current_setting('tshop.started_at')::timestamptz AS started_at
)
SELECT
    p.run_id = 0 OR coalesce(bool_or(r.run_id = p.run_id AND r.stamped_at = p.started_at), false) AS is_ours,
    coalesce(sum(r.batch_rows) FILTER (WHERE r.run_id > p.run_id), 0) AS rows_behind,
    coalesce(
        round(
            extract(
                EPOCH FROM now() - min(r.finished_at) FILTER (WHERE r.run_id > p.run_id AND r.batch_rows > 0)
            ) / 60,
            1
        ),
        0
    ) AS minutes_behind
FROM published AS p
LEFT JOIN sl.status_run AS r
    ON r.run_id >= p.run_id AND r.target = current_setting('tshop.mart') AND r.batch_rows IS NOT NULL
GROUP BY p.run_id
