-- Rows that were loaded although they fail a rule of severity warn: of each rule those of the latest load that had any.
SELECT
    entity_name AS entity,
    rule_name AS rule,
    rows,
    example_key,
    run_id AS load,
    to_char(loaded_at AT TIME ZONE 'Europe/Moscow', 'YYYY-MM-DD HH24:MI') AS at
FROM sl.status_warning
WHERE rows > 0
ORDER BY entity_name, rule_name
