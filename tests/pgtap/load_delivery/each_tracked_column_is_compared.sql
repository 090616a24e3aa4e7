BEGIN;
SELECT plan(2);

INSERT INTO raw.delivery (delivery_id, updated_at, order_id, shipped_at, carrier, status)
VALUES (1, tap.at(2), 10, tap.at(1), 'Post', 'Shipped');
SELECT tap.load('delivery');
UPDATE raw.delivery SET updated_at = tap.at(3), order_id = 11;
SELECT tap.load('delivery');
UPDATE raw.delivery SET updated_at = tap.at(4), shipped_at = tap.at(0);
SELECT tap.load('delivery');
UPDATE raw.delivery SET updated_at = tap.at(5), delivered_at = tap.at(4);
SELECT tap.load('delivery');
UPDATE raw.delivery SET updated_at = tap.at(6), carrier = NULL;
SELECT tap.load('delivery');
UPDATE raw.delivery SET updated_at = tap.at(7), status = 'Delivered';
SELECT tap.load('delivery');

SELECT results_eq(
    $$SELECT d.order_id, d.shipped_at, d.delivered_at, d.carrier, d.status, d.valid_from, d.is_current
    FROM dds.delivery AS d ORDER BY d.valid_from$$,
    $$VALUES
    (10::bigint, tap.at(1), NULL::timestamptz, 'Post', 'Shipped', tap.at(2), false),
    (11, tap.at(1), NULL, 'Post', 'Shipped', tap.at(3), false),
    (11, tap.at(0), NULL, 'Post', 'Shipped', tap.at(4), false),
    (11, tap.at(0), tap.at(4), 'Post', 'Shipped', tap.at(5), false),
    (11, tap.at(0), tap.at(4), NULL, 'Shipped', tap.at(6), false),
    (11, tap.at(0), tap.at(4), NULL, 'Delivered', tap.at(7), true)$$,
    'a change of any one of them opens a version'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM dds.delivery$$,
    $$SELECT 1 + cardinality(tracked_columns) FROM sl.entity WHERE entity_name = 'delivery'$$,
    'no tracked column is left out'
);

SELECT * FROM finish();
ROLLBACK;
