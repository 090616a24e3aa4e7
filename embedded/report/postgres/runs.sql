-- The last runs of the procedures, newest first.
SELECT
    run_id,
    procedure_name AS procedure,
    to_char(started_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS "started (Europe/Moscow)",
    round(extract(EPOCH FROM finished_at - started_at)::numeric, 1) AS seconds,
    status,
    rows_read AS read,
    rows_inserted AS inserted,
    rows_corrected AS corrected,
    rows_deleted AS deleted,
    rows_unchanged AS unchanged,
    rows_rejected AS rejected
FROM sl.run
ORDER BY run_id DESC
LIMIT 15
