BEGIN;
SELECT plan(2);

SELECT tap.put_product(1, tap.at(1));
SELECT tap.put_product(2, tap.at(2), -1);
SELECT tap.load('product');

SELECT results_eq(
    $$SELECT procedure_name, target, status, rows_read, rows_inserted, rows_rejected FROM sl.run$$,
    $$VALUES ('dds.load_product', 'dds.product', 'succeeded', 2::bigint, 1::bigint, 1::bigint)$$,
    'with what it did'
);
SELECT results_eq(
    $$SELECT target, source, high_updated_at FROM sl.watermark$$,
    $$VALUES ('dds.product', 'raw.product', tap.at(1))$$,
    'and its own watermark'
);

SELECT * FROM finish();
ROLLBACK;
