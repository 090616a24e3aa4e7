-- Rejected rows that wait for a good state of their key.
SELECT
    entity_name AS entity,
    rule_name AS rule,
    open_rows AS rows,
    to_char(oldest_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI') AS oldest,
    to_char(newest_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI') AS newest
FROM sl.status_rejected
WHERE open_rows > 0
ORDER BY entity_name, rule_name
