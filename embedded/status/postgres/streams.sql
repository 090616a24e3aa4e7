-- How far each stream of the live shop is.
SELECT
    stream,
    documents_behind,
    documents_waiting,
    documents_rejected,
    lag_seconds::numeric(12, 1) AS lag_seconds,
    to_char(landed_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS landed_at,
    is_seen,
    problem
FROM landing.status_stream
WHERE stream LIKE 'shop.%'
ORDER BY stream
