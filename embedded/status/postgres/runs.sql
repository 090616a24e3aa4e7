-- The last runs of the procedures, newest first; times are the shop's, what a run took is seconds.
SELECT
    run_id AS run,
    procedure_name AS procedure,
    to_char(started_at AT TIME ZONE 'Europe/Moscow', 'MM-DD HH24:MI') AS started,
    round(seconds, 1) AS took,
    status,
    rows_read AS read,
    rows_inserted AS inserted,
    rows_corrected AS corrected,
    rows_deleted AS deleted,
    rows_rejected AS rejected
FROM sl.status_run
ORDER BY run_id DESC
LIMIT 7
