BEGIN;
SELECT plan(2);

INSERT INTO raw.sales_order (order_id, updated_at, client_id, ordered_at, status, total_amount, channel, region)
VALUES (1, tap.at(1), 1, tap.at(0), 'Pending', 100, 'web', 'North');
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(2), client_id = NULL;
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(3), ordered_at = tap.at(1);
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(4), status = 'Paid';
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(5), delivered_at = tap.at(4);
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(6), total_amount = 200;
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(7), channel = 'store';
SELECT tap.load('sales_order');
UPDATE raw.sales_order SET updated_at = tap.at(8), region = NULL;
SELECT tap.load('sales_order');

SELECT results_eq(
    $$SELECT
        o.client_id, o.ordered_at, o.status, o.delivered_at, o.total_amount, o.channel, o.region, o.valid_from, o.is_current
    FROM dds.sales_order AS o ORDER BY o.valid_from$$,
    $$VALUES
    (1::bigint, tap.at(0), 'Pending', NULL::timestamptz, 100.00, 'web', 'North', tap.at(1), false),
    (NULL, tap.at(0), 'Pending', NULL, 100.00, 'web', 'North', tap.at(2), false),
    (NULL, tap.at(1), 'Pending', NULL, 100.00, 'web', 'North', tap.at(3), false),
    (NULL, tap.at(1), 'Paid', NULL, 100.00, 'web', 'North', tap.at(4), false),
    (NULL, tap.at(1), 'Paid', tap.at(4), 100.00, 'web', 'North', tap.at(5), false),
    (NULL, tap.at(1), 'Paid', tap.at(4), 200.00, 'web', 'North', tap.at(6), false),
    (NULL, tap.at(1), 'Paid', tap.at(4), 200.00, 'store', 'North', tap.at(7), false),
    (NULL, tap.at(1), 'Paid', tap.at(4), 200.00, 'store', NULL, tap.at(8), true)$$,
    'a change of any one of them opens a version'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM dds.sales_order$$,
    $$SELECT 1 + cardinality(tracked_columns) FROM sl.entity WHERE entity_name = 'sales_order'$$,
    'no tracked column is left out'
);

SELECT * FROM finish();
ROLLBACK;
