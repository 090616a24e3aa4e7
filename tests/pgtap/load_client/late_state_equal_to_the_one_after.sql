BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(5), 'Anna', 'Belova');
SELECT tap.load('client');
CREATE TEMPORARY TABLE before AS SELECT client_sk FROM dds.client;
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'no new version: one is corrected'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(3), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(3), 'infinity', true)$$,
    'the border between the two moves'
);
SELECT results_eq(
    $$SELECT client_sk FROM dds.client ORDER BY client_sk$$,
    $$SELECT client_sk FROM before ORDER BY client_sk$$,
    'the surrogate keys stay'
);

SELECT * FROM finish();
ROLLBACK;
