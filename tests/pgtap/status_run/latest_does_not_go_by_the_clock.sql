BEGIN;
SELECT plan(2);

-- The clock ran a year ahead while the build succeeded; it is right again when the build fails.
SELECT tap.refresh();
UPDATE sl.run SET started_at = started_at + interval '1 year', finished_at = finished_at + interval '1 year';
SELECT tap.record_failure('cdm.build_mart', '53100', 'could not extend file');

SELECT results_eq(
    $$SELECT r.status FROM sl.status_run AS r WHERE r.procedure_name = 'cdm.build_mart' AND r.is_latest$$,
    $$VALUES ('failed')$$,
    'a failure after it is the latest'
);
SELECT is(
    (SELECT l.last_run_id FROM sl.status_lag AS l WHERE l.target = 'cdm.sales_mart' AND l.source = 'dds.sale'),
    (SELECT max(r.run_id) FROM sl.run AS r WHERE r.target = 'cdm.sales_mart' AND r.status = 'succeeded'),
    'the last run of a layer is the one with the greatest number'
);

SELECT * FROM finish();
ROLLBACK;
