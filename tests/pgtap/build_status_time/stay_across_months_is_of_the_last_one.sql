BEGIN;
SELECT plan(3);

-- Pending since 31 March 00:00; its time moves to April at 02:00; Paid after 25 hours more.
INSERT INTO raw.sales_order (order_id, ordered_at, status, total_amount, updated_at)
VALUES (1, tap.at(29), 'Pending', 100, tap.at(30)), (2, tap.at(29), 'Pending', 100, tap.at(30));
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');
UPDATE raw.sales_order SET ordered_at = tap.at(40), updated_at = tap.at(30, '2 hours') WHERE order_id = 1;
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');

SELECT results_eq(
    $$SELECT order_month, status, orders_cnt, left_cnt, avg_hours
    FROM cdm.status_time WHERE is_current ORDER BY order_month, status$$,
    $$VALUES
    (date '2024-03-01', 'Pending', 2::bigint, 0::bigint, NULL::numeric),
    (date '2024-04-01', 'Pending', 1, 0, NULL)$$,
    'no stay is over'
);

UPDATE raw.sales_order SET status = 'Paid', updated_at = tap.at(31, '3 hours') WHERE order_id = 1;
UPDATE raw.sales_order SET status = 'Paid', updated_at = tap.at(30, '4 hours') WHERE order_id = 2;
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');
SELECT results_eq(
    $$SELECT order_month, status, orders_cnt, left_cnt, avg_hours
    FROM cdm.status_time WHERE is_current ORDER BY order_month, status$$,
    $$VALUES
    (date '2024-03-01', 'Paid', 1::bigint, 0::bigint, NULL::numeric),
    (date '2024-03-01', 'Pending', 2, 1, 4.00),
    (date '2024-04-01', 'Paid', 1, 0, NULL),
    (date '2024-04-01', 'Pending', 1, 1, 27.00)$$,
    'all 27 hours are of April, where the stay ended'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
