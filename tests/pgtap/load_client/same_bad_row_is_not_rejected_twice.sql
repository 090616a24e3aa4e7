BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(1), 'Anna', NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 0, 1)$$,
    'the row is counted as rejected'
);
SELECT tap.load('client', true);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', false)$$,
    'but kept once'
);

SELECT tap.put_client(1, tap.at(2), NULL, 'Orlova');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', false), ('client', '1', 'name_missing', false)$$,
    'another bad state of the key is another rejection'
);

SELECT * FROM finish();
ROLLBACK;
