BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();
SELECT throws_ok('CALL dds.forget_client(404)', 'TS006', 'dds.forget_client: no client 404 is known', 'a typing error');
SELECT throws_ok('CALL dds.forget_client(NULL)', 'TS006', 'dds.forget_client: no client NULL is known', 'NULL');
SELECT is_empty('SELECT * FROM sl.erasure', 'leaves no receipt');

SELECT * FROM finish();
ROLLBACK;
