-- Of each target the run that a wrong clock has stamped, if any.
SELECT
    target,
    problem,
    run_id,
    to_char(started_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS started_at
FROM sl.status_clock
ORDER BY target
