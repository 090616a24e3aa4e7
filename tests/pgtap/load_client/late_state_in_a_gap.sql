BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Orlova', p_is_deleted => true);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(5), 'Anna', 'Vlasova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(4), 'Anna', 'Belova');
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(4), tap.at(5), false),
    (1, 'Anna', 'Vlasova', '1990-05-20', tap.at(5), 'infinity', true)$$,
    'the gap ends earlier'
);

SELECT * FROM finish();
ROLLBACK;
