BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();

SELECT is(tap.audit_detail(), 'clean', 'nothing to complain of');
SELECT is_empty($$SELECT * FROM sl.find_violations('client')$$, 'nor by itself in an entity');
SELECT is_empty($$SELECT * FROM cdm.find_violations()$$, 'nor in the mart');

SELECT * FROM finish();
ROLLBACK;
