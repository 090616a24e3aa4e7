BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), 'Anna', 'Orlova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 1, 0)$$,
    'the state is the one dds holds'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', true)$$,
    'and is a good state all the same'
);

SELECT * FROM finish();
ROLLBACK;
