BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(3));
SELECT tap.put_client(2, tap.at(5));
SELECT tap.put_client(3, tap.at(9), NULL);
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT target, source, high_updated_at, run_id FROM sl.watermark$$,
    $$SELECT 'dds.client', 'raw.client', tap.at(5), max(run_id) FROM sl.run$$,
    'of what is in the target: a rejected row is not'
);

SELECT tap.put_client(1, tap.at(4));
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT target, source, high_updated_at, run_id FROM sl.watermark$$,
    $$SELECT 'dds.client', 'raw.client', tap.at(5), max(run_id) FROM sl.run$$,
    'an earlier time does not lower it'
);

SELECT tap.put_client(1, tap.at(6));
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT target, source, high_updated_at, run_id FROM sl.watermark$$,
    $$SELECT 'dds.client', 'raw.client', tap.at(6), max(run_id) FROM sl.run$$,
    'a touch raises it'
);

SELECT * FROM finish();
ROLLBACK;
