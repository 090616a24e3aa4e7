BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Vlasova');
SELECT tap.load('client');
CREATE TEMPORARY TABLE before AS SELECT client_sk, valid_from FROM dds.client;
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'the late state is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(2), tap.at(3), false),
    (1, 'Anna', 'Vlasova', '1990-05-20', tap.at(3), 'infinity', true)$$,
    'between its neighbours; the greatest update time stays the current one'
);
SELECT results_eq(
    $$SELECT client_sk, valid_from FROM dds.client WHERE valid_from <> tap.at(2) ORDER BY valid_from$$,
    $$SELECT * FROM before ORDER BY valid_from$$,
    'the neighbours keep their surrogate keys'
);

SELECT * FROM finish();
ROLLBACK;
