BEGIN;
SELECT plan(1);

SELECT is(tap.audit_detail(), 'clean', 'nothing to complain of');

SELECT * FROM finish();
ROLLBACK;
