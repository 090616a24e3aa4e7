BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE dds.product SET price = 1;

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)dds.product: source_differs: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
