BEGIN;
SELECT plan(count(*)::integer) FROM sl.mart;
SET LOCAL transaction_read_only = on;

SELECT is_empty(
    format('SELECT check_name, violations, example FROM sl._find_mart_violations(%L)', m.mart_name),
    format('%s is what a new build would make', m.mart_name)
)
FROM sl.mart AS m
ORDER BY m.mart_name;

SELECT * FROM finish();
ROLLBACK;
