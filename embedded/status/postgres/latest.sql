-- Of each procedure the last run that ended.
SELECT
    procedure_name,
    target,
    status,
    error_sqlstate,
    seconds,
    extract(EPOCH FROM finished_at) AS finished_epoch
FROM sl.status_run
WHERE is_latest
ORDER BY procedure_name, target
