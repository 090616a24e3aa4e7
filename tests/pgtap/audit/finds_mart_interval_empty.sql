BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE cdm.sales_mart SET valid_to = valid_from WHERE sale_id = 1 AND version_no = 1;

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)cdm.sales_mart: interval_empty: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
