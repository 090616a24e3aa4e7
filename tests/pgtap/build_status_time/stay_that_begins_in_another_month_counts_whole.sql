BEGIN;
SELECT plan(3);

-- Of March and Pending for an hour; of April and Paid for two; of March again and still Paid for four; then Completed.
INSERT INTO raw.sales_order (order_id, ordered_at, status, total_amount, updated_at)
VALUES (1, tap.at(29), 'Pending', 100, tap.at(30));
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET status = 'Paid', ordered_at = tap.at(40), updated_at = tap.at(30, '1 hour');
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET ordered_at = tap.at(29), updated_at = tap.at(30, '3 hours');
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');
SELECT results_eq(
    $$SELECT order_month, status, orders_cnt, left_cnt, avg_hours
    FROM cdm.status_time WHERE is_current ORDER BY order_month, status$$,
    $$VALUES
    (date '2024-03-01', 'Paid', 1::bigint, 0::bigint, NULL::numeric),
    (date '2024-03-01', 'Pending', 1, 1, 1.00),
    (date '2024-04-01', 'Paid', 1, 0, NULL)$$,
    'the stay in Paid is not over'
);

UPDATE raw.sales_order SET status = 'Completed', updated_at = tap.at(30, '7 hours');
SELECT tap.load('sales_order');
SELECT tap.call('cdm.build_status_time');
SELECT results_eq(
    $$SELECT order_month, status, orders_cnt, left_cnt, avg_hours
    FROM cdm.status_time WHERE is_current ORDER BY order_month, status$$,
    $$VALUES
    (date '2024-03-01', 'Completed', 1::bigint, 0::bigint, NULL::numeric),
    (date '2024-03-01', 'Paid', 1, 1, 6.00),
    (date '2024-03-01', 'Pending', 1, 1, 1.00),
    (date '2024-04-01', 'Paid', 1, 0, NULL)$$,
    'it took six hours, two of them in April'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
