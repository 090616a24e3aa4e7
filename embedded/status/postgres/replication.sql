-- How the subscription to the shop's own database is. What an idle shop sends each half minute says that nothing waits.
SELECT
    is_running,
    tables_ready,
    CASE WHEN heard_seconds < 60 THEN 0 ELSE heard_seconds END AS lag_seconds,
    to_char(heard_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS heard_at,
    problem
FROM shop.status_replication
