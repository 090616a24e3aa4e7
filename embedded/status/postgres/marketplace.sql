-- How far each collection of the marketplace is, where it was read at all.
SELECT
    split_part(stream, '.', 2) AS collection,
    documents_waiting,
    documents_rejected,
    to_char(landed_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS landed_at,
    to_char(seen_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS seen_at,
    problem
FROM landing.status_stream
WHERE stream LIKE 'marketplace.%' AND seen_at IS NOT NULL
ORDER BY stream
