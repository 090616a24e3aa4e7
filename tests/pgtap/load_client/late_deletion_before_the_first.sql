BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(3));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(1), p_is_deleted => true);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(0));
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(0), tap.at(1), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(3), 'infinity', true)$$,
    'a deletion before the first version is remembered for what may come before it'
);

SELECT * FROM finish();
ROLLBACK;
