BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Orlova', p_is_deleted => true);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(4), 'Anna', 'Orlova', p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 1, 0)$$,
    'a second deletion is unchanged'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false)$$,
    'the version still ends at the first one'
);

SELECT tap.put_client(1, tap.at(3), 'Anna', 'Belova');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(3), tap.at(4), false)$$,
    'the second one wins over a late state between the two'
);

SELECT * FROM finish();
ROLLBACK;
