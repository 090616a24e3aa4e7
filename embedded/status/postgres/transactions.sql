-- The transactions that are open for longer than the setting tshop.hours.
SELECT
    pid,
    role_name,
    database_name,
    coalesce(nullif(application_name, ''), 'no application name') AS application_name,
    state,
    round(seconds / 60, 1) AS minutes,
    holds_loads
FROM sl.status_transaction
WHERE seconds > current_setting('tshop.hours')::numeric * 3600
ORDER BY started_at
