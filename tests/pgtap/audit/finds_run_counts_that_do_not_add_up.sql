BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
ALTER TABLE sl.run DROP CONSTRAINT run_counts_add_up;
UPDATE sl.run SET rows_read = rows_read + 1 WHERE procedure_name = 'dds.load_client';

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)sl.run: counts_do_not_add_up: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
