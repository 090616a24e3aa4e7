BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a new version is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(2), 'infinity', true)$$,
    'the old version ends where the new one begins'
);
SELECT results_eq(
    $$SELECT DISTINCT run_id FROM dds.client$$,
    $$SELECT max(run_id) FROM sl.run$$,
    'both carry the run that closed and opened them'
);

SELECT * FROM finish();
ROLLBACK;
