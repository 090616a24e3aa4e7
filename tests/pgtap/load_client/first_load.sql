BEGIN;
SELECT plan(2);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova', '1990-05-20');
SELECT tap.put_client(2, tap.at(2), 'Ivan', 'Petrov', NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (2, 2, 0, 0, 0, 0)$$,
    'both are inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true),
    (2, 'Ivan', 'Petrov', NULL, tap.at(2), 'infinity', true)$$,
    'each has one open version from its update time'
);

SELECT * FROM finish();
ROLLBACK;
