-- How far each stream of documents is.
SELECT
    stream,
    documents_behind,
    documents_waiting,
    documents_rejected,
    greatest(
        lag_seconds,
        CASE WHEN documents_behind > 0 THEN extract(EPOCH FROM clock_timestamp() - coalesce(landed_at, seen_at)) END
    )::numeric(12, 1) AS lag_seconds,
    to_char(landed_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS landed_at,
    is_seen,
    problem
FROM landing.status_stream
ORDER BY stream
