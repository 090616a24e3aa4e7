BEGIN;
SELECT plan(2);

SELECT tap.put_sale(1, tap.at(6), tap.at(5));
SELECT tap.put_sale(2, tap.at(7), tap.at(5), p_quantity => 0);
SELECT tap.load('sale');

SELECT results_eq(
    $$SELECT procedure_name, target, status, rows_read, rows_inserted, rows_rejected FROM sl.run$$,
    $$VALUES ('dds.load_sale', 'dds.sale', 'succeeded', 2::bigint, 1::bigint, 1::bigint)$$,
    'with what it did'
);
SELECT results_eq(
    $$SELECT target, source, high_updated_at FROM sl.watermark$$,
    $$VALUES ('dds.sale', 'raw.sale', tap.at(6))$$,
    'and its own watermark'
);

SELECT * FROM finish();
ROLLBACK;
