BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), p_is_deleted => NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true)$$,
    'as a live client'
);

SELECT * FROM finish();
ROLLBACK;
