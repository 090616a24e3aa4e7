BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(1), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'one deleted'
);
SELECT is_empty($$SELECT * FROM tap.clients()$$, 'the version took no time: nothing is left of it');

SELECT * FROM finish();
ROLLBACK;
