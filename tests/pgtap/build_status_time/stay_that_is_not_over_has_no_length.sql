BEGIN;
SELECT plan(4);

INSERT INTO raw.sales_order (order_id, updated_at, ordered_at, status, total_amount, region)
VALUES (1, tap.at(1), tap.at(1), 'Pending', 100, 'North'), (2, tap.at(1), tap.at(1), 'Pending', 100, 'North');
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(1, '10 hours'), status = 'Paid' WHERE order_id = 1;
-- A version of the same status: the stay continues.
UPDATE raw.sales_order SET updated_at = tap.at(1, '1 hour'), region = 'South' WHERE order_id = 2;
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');
SELECT results_eq(
    $$SELECT status, orders_cnt, left_cnt, avg_hours FROM cdm.status_time WHERE is_current ORDER BY status$$,
    $$VALUES ('Paid', 1::bigint, 0::bigint, NULL::numeric), ('Pending', 2, 1, 10.00)$$,
    'of the stay that is not over, no hour counts'
);

UPDATE raw.sales_order SET updated_at = tap.at(1, '3 hours'), status = 'Paid' WHERE order_id = 2;
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');
SELECT results_eq(
    $$SELECT status, orders_cnt, left_cnt, avg_hours FROM cdm.status_time WHERE is_current ORDER BY status$$,
    $$VALUES ('Paid', 2::bigint, 0::bigint, NULL::numeric), ('Pending', 2, 2, 6.50)$$,
    'when it is, all of it does: both versions are one stay'
);

UPDATE raw.sales_order SET updated_at = tap.at(1, '5 hours'), status = 'Pending' WHERE order_id = 2;
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(1, '6 hours'), region = 'East' WHERE order_id = 2;
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');
SELECT results_eq(
    $$SELECT status, orders_cnt, left_cnt, avg_hours FROM cdm.status_time WHERE is_current ORDER BY status$$,
    $$VALUES ('Paid', 2::bigint, 1::bigint, 2.00), ('Pending', 2, 2, 6.50)$$,
    'an order that comes back to a status begins another stay'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
