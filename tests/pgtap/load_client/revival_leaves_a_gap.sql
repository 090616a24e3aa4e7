BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), p_is_deleted => true);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(4));

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a client that comes back is a new version'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Orlova', '1990-05-20', tap.at(4), 'infinity', true)$$,
    'though it is the same state; the gap stays'
);

SELECT * FROM finish();
ROLLBACK;
