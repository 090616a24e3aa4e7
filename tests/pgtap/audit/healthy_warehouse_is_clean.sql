BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();

SELECT is(tap.audit_detail(), 'clean', 'nothing to complain of');
SELECT is_empty($$SELECT * FROM sl._find_violations('client')$$, 'nor by itself in an entity');
SELECT is_empty($$SELECT * FROM sl._find_mart_violations('sales_mart')$$, 'nor in the mart');

SELECT * FROM finish();
ROLLBACK;
