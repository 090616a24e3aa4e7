BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), NULL, NULL, '2999-01-01', true);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'a deleted row without its values is deleted, not rejected'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false)$$,
    'and closes the version'
);

SELECT * FROM finish();
ROLLBACK;
