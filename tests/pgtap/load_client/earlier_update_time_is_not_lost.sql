BEGIN;
SELECT plan(2);

-- By the rule "update time above the greatest one in the target" the second client would never be seen.
SELECT tap.put_client(1, tap.at(9));
SELECT tap.load('client');
SELECT tap.put_client(2, tap.at(1), 'Ivan', 'Petrov');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'a row that came later with an earlier time is read'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(9), timestamptz 'infinity', true),
    (2, 'Ivan', 'Petrov', '1990-05-20', tap.at(1), 'infinity', true)$$,
    'and loaded'
);

SELECT * FROM finish();
ROLLBACK;
