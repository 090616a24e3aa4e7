-- The failed runs of the last week, newest first, and whether a later run of the same procedure made up for it.
SELECT
    run_id AS run,
    procedure_name AS procedure,
    to_char(started_at AT TIME ZONE 'Europe/Moscow', 'MM-DD HH24:MI:SS') AS started,
    coalesce(error_sqlstate, '-') AS sqlstate,
    CASE WHEN is_latest THEN 'no' ELSE 'yes' END AS ran_since,
    left(regexp_replace(error_message, '\s+', ' ', 'g'), 60) AS message
FROM sl.status_run
WHERE status = 'failed' AND finished_at > now() - interval '7 days'
ORDER BY run_id DESC
LIMIT 5
