-- The last comparison that found no difference.
SELECT
    r.rows_read AS rows,
    to_char(r.finished_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS compared_at
FROM sl.run AS r
WHERE r.target = 'cdm.compare_marts' AND r.status = 'succeeded'
ORDER BY r.run_id DESC
LIMIT 1
