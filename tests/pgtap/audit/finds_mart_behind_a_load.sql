BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();
SELECT tap.put_sale(1, tap.at(8), tap.at(5), p_quantity => 7);
SELECT tap.load('sale');

SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'the audit fails');
SELECT matches(tap.audit_detail(), '(^|\n)cdm.sales_mart: image_differs: [1-9]', 'and names the check');

SELECT * FROM finish();
ROLLBACK;
