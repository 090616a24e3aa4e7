BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_product(1, tap.at(2));
SELECT tap.put_sale(1, tap.at(6), tap.at(5));
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT
        procedure_name,
        target,
        status,
        rows_read,
        rows_inserted,
        rows_corrected,
        rows_deleted,
        rows_unchanged,
        rows_rejected
    FROM sl.run
    WHERE target = 'cdm.sales_mart'$$,
    $$VALUES (
        'cdm.build_mart', 'cdm.sales_mart', 'succeeded',
        1::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
    )$$,
    'with what it did'
);
SELECT results_eq(
    $$SELECT source, high_updated_at FROM sl.watermark WHERE target = 'cdm.sales_mart' ORDER BY source$$,
    $$VALUES ('dds.client', tap.at(1)), ('dds.product', tap.at(2)), ('dds.sale', tap.at(6))$$,
    'and how far it has read each source'
);

SELECT * FROM finish();
ROLLBACK;
