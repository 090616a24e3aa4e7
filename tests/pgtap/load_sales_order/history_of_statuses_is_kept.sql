BEGIN;
SELECT plan(2);

INSERT INTO raw.sales_order (order_id, updated_at, ordered_at, status, total_amount)
VALUES (1, tap.at(1), tap.at(1), 'Pending', 100);
-- No load runs between these transactions.
SELECT tap.settle();
UPDATE raw.sales_order SET updated_at = tap.at(1, '2 hours'), status = 'Paid';
SELECT tap.settle();
UPDATE raw.sales_order SET updated_at = tap.at(4), status = 'Completed', delivered_at = tap.at(4);

SELECT results_eq(
    $$SELECT inserted, rejected FROM tap.load('sales_order')$$,
    $$VALUES (3, 0)$$,
    'every status that an order ever had is loaded'
);
SELECT results_eq(
    $$SELECT o.status, o.valid_from, o.valid_to FROM dds.sales_order AS o ORDER BY o.valid_from$$,
    $$VALUES
    ('Pending', tap.at(1), tap.at(1, '2 hours')),
    ('Paid', tap.at(1, '2 hours'), tap.at(4)),
    ('Completed', tap.at(4), timestamptz 'infinity')$$,
    'with the time that the order spent in it'
);

SELECT * FROM finish();
ROLLBACK;
