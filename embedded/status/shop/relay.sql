-- What waits in the outbox, and how the relay is.
SELECT
    waiting,
    lag_seconds,
    sent,
    to_char(last_sent_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI:SS') AS last_sent_at,
    refused,
    problem
FROM shop.status_relay
