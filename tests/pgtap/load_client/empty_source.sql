BEGIN;
SELECT plan(2);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'a load of nothing succeeds'
);
SELECT is_empty($$SELECT * FROM tap.clients()$$, 'and writes nothing');

SELECT * FROM finish();
ROLLBACK;
