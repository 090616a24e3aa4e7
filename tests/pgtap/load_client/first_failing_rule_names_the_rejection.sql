BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), NULL, NULL, '2999-01-01');
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', false)$$,
    'a row that fails two rules is rejected once, by the first'
);

SELECT * FROM finish();
ROLLBACK;
