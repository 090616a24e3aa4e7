BEGIN;
SELECT plan(2);

INSERT INTO raw.sale_return (return_id, updated_at, sale_id, returned_at, quantity, amount, reason)
VALUES (1, tap.at(2), 1, tap.at(1), 1, 100, 'size');
SELECT tap.load('sale_return');
UPDATE raw.sale_return SET updated_at = tap.at(3), sale_id = 2;
SELECT tap.load('sale_return');
UPDATE raw.sale_return SET updated_at = tap.at(4), returned_at = tap.at(0);
SELECT tap.load('sale_return');
UPDATE raw.sale_return SET updated_at = tap.at(5), quantity = 2;
SELECT tap.load('sale_return');
UPDATE raw.sale_return SET updated_at = tap.at(6), amount = NULL;
SELECT tap.load('sale_return');
UPDATE raw.sale_return SET updated_at = tap.at(7), reason = 'colour';
SELECT tap.load('sale_return');

SELECT results_eq(
    $$SELECT r.sale_id, r.returned_at, r.quantity, r.amount, r.reason, r.valid_from, r.is_current
    FROM dds.sale_return AS r ORDER BY r.valid_from$$,
    $$VALUES
    (1::bigint, tap.at(1), 1, 100.00, 'size', tap.at(2), false),
    (2, tap.at(1), 1, 100.00, 'size', tap.at(3), false),
    (2, tap.at(0), 1, 100.00, 'size', tap.at(4), false),
    (2, tap.at(0), 2, 100.00, 'size', tap.at(5), false),
    (2, tap.at(0), 2, NULL, 'size', tap.at(6), false),
    (2, tap.at(0), 2, NULL, 'colour', tap.at(7), true)$$,
    'a change of any one of them opens a version'
);
SELECT results_eq(
    $$SELECT count(*)::integer FROM dds.sale_return$$,
    $$SELECT 1 + cardinality(tracked_columns) FROM sl.entity WHERE entity_name = 'sale_return'$$,
    'no tracked column is left out'
);

SELECT * FROM finish();
ROLLBACK;
