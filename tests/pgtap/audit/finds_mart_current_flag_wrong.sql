BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE cdm.sales_mart SET is_current = false WHERE sale_id = 1 AND version_no = 2;

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)cdm.sales_mart: current_flag_wrong: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
