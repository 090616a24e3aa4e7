BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), p_birth_date => NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), p_birth_date => NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 1, 0)$$,
    'NULL again is unchanged'
);

SELECT * FROM finish();
ROLLBACK;
