BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE dds.client SET valid_to = tap.at(9), is_current = false WHERE client_id = 1 AND is_current;

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)dds.client: gap_without_deletion: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
