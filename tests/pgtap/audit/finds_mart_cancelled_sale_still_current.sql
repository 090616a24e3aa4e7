BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE cdm.sales_mart SET valid_to = 'infinity', is_current = true WHERE sale_id = 2;

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)cdm.sales_mart: image_differs: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
