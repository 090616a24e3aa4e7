-- How far each layer is behind, in the order in which the data goes.
SELECT
    layer,
    source,
    target,
    rows_behind,
    is_at_least,
    minutes_behind,
    is_late,
    last_run_id,
    to_char(last_run_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS last_run_at
FROM sl.status_lag
ORDER BY array_position(ARRAY['dds', 'cdm', 'clickhouse'], layer), source
