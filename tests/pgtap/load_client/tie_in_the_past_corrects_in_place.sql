BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Vlasova');
SELECT tap.load('client');
CREATE TEMPORARY TABLE before AS SELECT client_sk, valid_from FROM dds.client;
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Gromova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'one corrected'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Gromova', '1990-05-20', tap.at(2), tap.at(3), false),
    (1, 'Anna', 'Vlasova', '1990-05-20', tap.at(3), 'infinity', true)$$,
    'only the values of the middle version differ'
);
SELECT results_eq(
    $$SELECT client_sk, valid_from FROM dds.client ORDER BY valid_from$$,
    $$SELECT * FROM before ORDER BY valid_from$$,
    'all keep their surrogate keys'
);

SELECT * FROM finish();
ROLLBACK;
