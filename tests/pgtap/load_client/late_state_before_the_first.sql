BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(2), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Belova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'the late state is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Belova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(2), 'infinity', true)$$,
    'and ends where the first one began'
);

SELECT * FROM finish();
ROLLBACK;
