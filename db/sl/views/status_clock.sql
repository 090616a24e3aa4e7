-- sl.status_clock
--
-- Purpose: the targets whose runs a wrong clock has stamped: none where all is well. docs/operations.md has the repair.
-- Columns: target; problem: 'ahead' where the newest run begins more than a minute after the present, 'behind' where it
--     begins before an earlier run; run_id, started_at: that run.
-- Reads: sl.run, by index probes: one for each target and three more.
--
-- The slices of a backfill run beside each other: the one that ends last need not be the one that began last.
CREATE OR REPLACE VIEW sl.status_clock AS
WITH RECURSIVE target (name) AS (
    (SELECT r.target FROM sl.run AS r ORDER BY r.target LIMIT 1)
    UNION ALL
    SELECT (SELECT r.target FROM sl.run AS r WHERE r.target > t.name ORDER BY r.target LIMIT 1)
    FROM target AS t
    WHERE t.name IS NOT NULL
)
SELECT
    t.name AS target,
    p.problem,
    CASE p.problem WHEN 'ahead' THEN g.run_id ELSE n.run_id END AS run_id,
    CASE p.problem WHEN 'ahead' THEN g.started_at ELSE n.started_at END AS started_at
FROM target AS t
CROSS JOIN LATERAL (
    SELECT r.run_id, r.started_at
    FROM sl.run AS r
    WHERE r.target = t.name AND r.status = 'succeeded' AND r.procedure_name <> 'sl.backfill'
    ORDER BY r.end_no DESC
    LIMIT 1
) AS n
CROSS JOIN LATERAL (
    SELECT r.run_id, r.started_at
    FROM sl.run AS r
    WHERE r.target = t.name AND r.status = 'succeeded' AND r.procedure_name <> 'sl.backfill'
    ORDER BY r.started_at DESC
    LIMIT 1
) AS g
CROSS JOIN LATERAL (
    VALUES ('ahead', g.started_at > clock_timestamp() + interval '1 minute'), ('behind', n.started_at < g.started_at)
) AS p (problem, is_so)
WHERE p.is_so;

COMMENT ON VIEW sl.status_clock IS 'The targets whose runs a wrong clock has stamped';
COMMENT ON COLUMN sl.status_clock.target IS 'Schema-qualified table, as in sl.run';
COMMENT ON COLUMN sl.status_clock.problem IS
'''ahead'': a run begins after the present; ''behind'': the newest run begins before an earlier one';
COMMENT ON COLUMN sl.status_clock.run_id IS 'The run that is ahead or behind';
COMMENT ON COLUMN sl.status_clock.started_at IS 'When it began by the clock it had';
