BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(5), 'Anna', 'Vlasova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Orlova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 1, 0)$$,
    'it changes nothing'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(5), false),
    (1, 'Anna', 'Vlasova', '1990-05-20', tap.at(5), 'infinity', true)$$,
    'equal neighbours are merged'
);

SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(2), tap.at(3), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(3), tap.at(5), false),
    (1, 'Anna', 'Vlasova', '1990-05-20', tap.at(5), 'infinity', true)$$,
    'but its time is remembered: a state before it does not reach past it'
);

SELECT * FROM finish();
ROLLBACK;
