BEGIN;
SELECT plan(1);

-- Four current clients, and no floor: a price rise of all products looks like this.
UPDATE sl.entity SET breaker_floor = 0, breaker_share = 0.5 WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(g, tap.at(2), p_last_name => 'Later') FROM generate_series(1, 4) AS g;

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (4, 4, 0, 0, 0, 0)$$, 'the breaker judges deletions alone'
);

SELECT * FROM finish();
ROLLBACK;
