-- Of each procedure the last run that ended.
SELECT
    procedure_name,
    target,
    status,
    error_sqlstate,
    left(regexp_replace(error_message, '\s+', ' ', 'g'), 120) AS message,
    seconds,
    extract(EPOCH FROM finished_at) AS finished_epoch
FROM sl.status_run
WHERE is_latest
ORDER BY procedure_name, target
