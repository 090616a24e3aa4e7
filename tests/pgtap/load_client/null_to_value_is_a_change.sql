BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), p_birth_date => NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), p_birth_date => '1990-05-20');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), p_birth_date => NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a value that becomes NULL is a change'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', NULL::date, tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(2), tap.at(3), false),
    (1, 'Anna', 'Orlova', NULL, tap.at(3), 'infinity', true)$$,
    'as is NULL that becomes a value'
);

SELECT * FROM finish();
ROLLBACK;
