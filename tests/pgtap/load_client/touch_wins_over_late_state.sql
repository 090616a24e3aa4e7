BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'the late state is one inserted row'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(2), tap.at(3), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(3), 'infinity', true)$$,
    'A at 1, A at 3, then late B at 2 gives A, B, A'
);

SELECT * FROM finish();
ROLLBACK;
