BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
UPDATE dds.client SET valid_to = tap.at(4) WHERE client_id = 1 AND valid_from = tap.at(1);

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)dds.client: versions_overlap: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
