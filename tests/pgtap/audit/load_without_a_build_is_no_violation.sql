BEGIN;
SELECT plan(5);

SELECT tap.put_healthy_warehouse();
SELECT tap.put_sale(1, tap.at(8), tap.at(5), p_quantity => 7);
SELECT tap.put_client(1, tap.at(1), p_last_name => 'Late');
SELECT tap.load('sale');
SELECT tap.load('client');

SELECT lives_ok('CALL sl.audit()', 'the mart is behind, not wrong');
SET LOCAL track_functions = 'pl';
CREATE TEMP TABLE asked AS
SELECT coalesce(sum(f.calls), 0) AS calls
FROM pg_stat_xact_user_functions AS f
WHERE f.funcid = 'cdm.touched_sales'::regproc;
SELECT is_empty($$SELECT * FROM sl._find_mart_violations('sales_mart', p_slice_rows => 1)$$, 'nor is it in slices');
SELECT is(
    (
        SELECT f.calls - a.calls
        FROM pg_stat_xact_user_functions AS f
        CROSS JOIN asked AS a
        WHERE f.funcid = 'cdm.touched_sales'::regproc
    ),
    1::numeric,
    'which ask once how far'
);
UPDATE cdm.sales_mart SET valid_to = valid_from WHERE sale_id = 1 AND is_current;
SELECT throws_ok('CALL sl.audit()', 'TS010', NULL, 'what does not depend on the build is checked all the same');
UPDATE cdm.sales_mart SET valid_to = 'infinity' WHERE sale_id = 1 AND is_current;
SELECT tap.build_mart();
UPDATE cdm.sales_mart SET quantity = 1 WHERE sale_id = 1 AND is_current;
SELECT matches(tap.audit_detail(), '(^|\n)cdm.sales_mart: image_differs: [1-9]', 'and after it the image too');

SELECT * FROM finish();
ROLLBACK;
