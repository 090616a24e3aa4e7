BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova', p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'one deleted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', date '1990-05-20', tap.at(2), tap.at(2, '1 microsecond'), false)$$,
    'it ends a microsecond later'
);

SELECT * FROM finish();
ROLLBACK;
