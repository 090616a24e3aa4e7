BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE dds.client SET is_current = true, valid_to = 'infinity' WHERE client_id = 1;

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)dds.client: several_current: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
