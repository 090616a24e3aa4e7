BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1), NULL);
CREATE TEMPORARY TABLE answer AS SELECT * FROM tap.load('client');

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
    FROM sl.run$$,
    $$VALUES (
        'dds.load_client', 'dds.client', 'succeeded', 2::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint, 1::bigint
    )$$,
    'with what it did'
);
SELECT is_empty(
    $$SELECT *
    FROM sl.run
    WHERE NOT (started_at >= now() AND finished_at >= started_at AND finished_at <= clock_timestamp())$$,
    'when it began and ended'
);
SELECT results_eq($$SELECT DISTINCT run_id FROM dds.client$$, $$SELECT run_id FROM sl.run$$, 'versions point to it');

SELECT * FROM finish();
ROLLBACK;
