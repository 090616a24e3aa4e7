BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
CREATE TEMPORARY TABLE before AS SELECT client_sk FROM dds.client;
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'the same time with other values is counted as corrected'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Belova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true)$$,
    'the version holds the new values'
);
SELECT results_eq(
    $$SELECT client_sk FROM dds.client$$,
    $$SELECT client_sk FROM before$$,
    'with the same surrogate key'
);

SELECT * FROM finish();
ROLLBACK;
