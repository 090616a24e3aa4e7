BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), p_is_deleted => true);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2));

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'one corrected'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true)$$,
    'the version is open again'
);

SELECT * FROM finish();
ROLLBACK;
