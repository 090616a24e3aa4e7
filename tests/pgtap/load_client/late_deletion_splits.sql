BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'one deleted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(3), 'infinity', true)$$,
    'the version is split: a gap, and again from the next observation'
);

SELECT * FROM finish();
ROLLBACK;
