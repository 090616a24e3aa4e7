BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(5), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(4), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Belova');
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(3), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(3), tap.at(4), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(4), 'infinity', true)$$,
    'the late state holds until the state before it was observed again'
);

SELECT * FROM finish();
ROLLBACK;
