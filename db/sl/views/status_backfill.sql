-- sl.status_backfill
--
-- Purpose: how far first loads and rebuilds in slices are.
-- Columns: target; started_at; finished_at: NULL while it is not finished; slices; slices_done; rows_read: by these;
--     rows_per_second, seconds_left: by the pace of the last ten slices that were done, over the time in which at least
--     one of them was under way: pauses do not count, and what several sessions do beside each other takes its time
--     once. NULL before the first is done; while it is not running, what it was and would be.
-- Reads: sl.backfill, sl.backfill_slice, sl.run.
--
-- A slice that is in progress is not seen: its row comes with its commit.
CREATE OR REPLACE VIEW sl.status_backfill AS
SELECT
    b.target,
    b.started_at,
    b.finished_at,
    s.slices,
    s.slices_done,
    s.rows_read,
    round(p.rows_read / nullif(p.seconds, 0)) AS rows_per_second,
    CASE
        WHEN b.finished_at IS NULL THEN round((s.slices - s.slices_done) * p.seconds / p.slices)
        ELSE 0
    END AS seconds_left
FROM sl.backfill AS b
CROSS JOIN LATERAL (
    SELECT
        count(*) AS slices,
        count(r.run_id) AS slices_done,
        coalesce(sum(r.rows_read), 0) AS rows_read
    FROM sl.backfill_slice AS c
    LEFT JOIN sl.run AS r ON r.run_id = c.run_id
    WHERE c.target = b.target
) AS s
CROSS JOIN LATERAL (
    SELECT
        nullif(count(*), 0) AS slices,
        sum(l.rows_read) AS rows_read,
        extract(EPOCH FROM sum(greatest(l.finished_at - greatest(l.started_at, l.covered_to), '0'))) AS seconds
    FROM (
        SELECT
            t.rows_read,
            t.started_at,
            t.finished_at,
            max(t.finished_at) OVER (
                ORDER BY t.started_at, t.finished_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS covered_to
        FROM (
            SELECT
                r.rows_read,
                r.started_at,
                r.finished_at
            FROM sl.backfill_slice AS c
            INNER JOIN sl.run AS r ON r.run_id = c.run_id
            WHERE c.target = b.target
            ORDER BY r.finished_at DESC
            LIMIT 10
        ) AS t
    ) AS l
) AS p;

COMMENT ON VIEW sl.status_backfill IS 'How far first loads and rebuilds in slices are';
COMMENT ON COLUMN sl.status_backfill.target IS 'Table that is filled';
COMMENT ON COLUMN sl.status_backfill.started_at IS 'When the backfill began';
COMMENT ON COLUMN sl.status_backfill.finished_at IS 'When its last slice was done. NULL while slices are left';
COMMENT ON COLUMN sl.status_backfill.slices IS 'Slices in all';
COMMENT ON COLUMN sl.status_backfill.slices_done IS 'Slices that are done';
COMMENT ON COLUMN sl.status_backfill.rows_read IS 'Rows that the done slices read';
COMMENT ON COLUMN sl.status_backfill.rows_per_second IS 'Pace of the last ten slices. NULL before the first is done';
COMMENT ON COLUMN sl.status_backfill.seconds_left IS
'Seconds left at that pace; 0: finished. NULL before the first slice is done';
