BEGIN;
SELECT plan(count(*)::integer) FROM sl.entity;
SET LOCAL transaction_read_only = on;

SELECT is_empty(
    format('SELECT check_name, violations, example FROM sl._find_violations(%L)', e.entity_name),
    format('the history of %s keeps the invariants of docs/history.md', e.entity_name)
)
FROM sl.entity AS e
ORDER BY e.entity_name;

SELECT * FROM finish();
ROLLBACK;
