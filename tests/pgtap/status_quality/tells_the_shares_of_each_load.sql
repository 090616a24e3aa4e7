BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1), NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(1), 'Bella');
SELECT tap.load('client');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT entity_name, rows_read, rows_rejected, rows_corrected, rejected_share, corrected_share
    FROM sl.status_quality ORDER BY run_id$$,
    $$VALUES
    ('client', 2::bigint, 1::bigint, 0::bigint, 0.5, 0.0),
    ('client', 1, 0, 1, 0.0, 1.0),
    ('client', 0, 0, 0, NULL, NULL)$$,
    'a row a load, whose shares are unknown where it read nothing'
);
SELECT is_empty($$SELECT * FROM sl.status_quality WHERE seconds < 0 OR seconds IS NULL$$, 'with how long it took');

SELECT tap.build_mart();
SELECT tap.record_failure('dds.load_client', 'TS004', 'too many');
SELECT is(count(*), 3::bigint, 'builds and failed runs are no loads') FROM sl.status_quality;

SELECT * FROM finish();
ROLLBACK;
