BEGIN;
SELECT plan(1);
SET LOCAL transaction_read_only = on;

SELECT is_empty(
    $$SELECT check_name, violations, example FROM sl._find_mart_violations('sales_mart')$$,
    'the mart is what a new build would make'
);

SELECT * FROM finish();
ROLLBACK;
