BEGIN;
SELECT plan(2);

INSERT INTO raw.payment (payment_id, updated_at, order_id, paid_at, amount, method, status)
VALUES (1, tap.at(1), 10, tap.at(0), 100, 'card', 'Succeeded');
SELECT tap.load('payment');
UPDATE raw.payment SET updated_at = tap.at(2), order_id = 11;
SELECT tap.load('payment');
UPDATE raw.payment SET updated_at = tap.at(3), paid_at = NULL;
SELECT tap.load('payment');
UPDATE raw.payment SET updated_at = tap.at(4), amount = 200;
SELECT tap.load('payment');
UPDATE raw.payment SET updated_at = tap.at(5), method = 'cash';
SELECT tap.load('payment');
UPDATE raw.payment SET updated_at = tap.at(6), status = 'Refunded';
SELECT tap.load('payment');

SELECT results_eq(
    $$SELECT p.order_id, p.paid_at, p.amount, p.method, p.status, p.valid_from, p.is_current
    FROM dds.payment AS p ORDER BY p.valid_from$$,
    $$VALUES
    (10::bigint, tap.at(0), 100.00, 'card', 'Succeeded', tap.at(1), false),
    (11, tap.at(0), 100.00, 'card', 'Succeeded', tap.at(2), false),
    (11, NULL, 100.00, 'card', 'Succeeded', tap.at(3), false),
    (11, NULL, 200.00, 'card', 'Succeeded', tap.at(4), false),
    (11, NULL, 200.00, 'cash', 'Succeeded', tap.at(5), false),
    (11, NULL, 200.00, 'cash', 'Refunded', tap.at(6), true)$$,
    'a change of any one of them opens a version'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM dds.payment$$,
    $$SELECT 1 + cardinality(tracked_columns) FROM sl.entity WHERE entity_name = 'payment'$$,
    'no tracked column is left out'
);

SELECT * FROM finish();
ROLLBACK;
