BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE dds.client SET observed_at = ARRAY[tap.at(9)] WHERE client_id = 1 AND NOT is_current;

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)dds.client: observation_outside: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
