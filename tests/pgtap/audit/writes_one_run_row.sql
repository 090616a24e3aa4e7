BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
CREATE TEMPORARY TABLE before AS SELECT * FROM sl.run;
SELECT lives_ok('CALL sl.audit()', 'the audit succeeds');

SELECT results_eq(
    $$SELECT procedure_name, status FROM sl.run WHERE run_id NOT IN (SELECT run_id FROM before)$$,
    $$VALUES ('sl.audit', 'succeeded')$$,
    'and is a run'
);

SELECT * FROM finish();
ROLLBACK;
