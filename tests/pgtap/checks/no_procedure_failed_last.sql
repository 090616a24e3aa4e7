BEGIN;
SELECT plan(1);
SET LOCAL transaction_read_only = on;

SELECT is_empty(
    $$SELECT r.run_id, r.procedure_name, r.error_sqlstate
    FROM sl.status_run AS r
    WHERE r.is_latest AND r.status = 'failed'$$,
    'the last run of each procedure has succeeded'
);

SELECT * FROM finish();
ROLLBACK;
