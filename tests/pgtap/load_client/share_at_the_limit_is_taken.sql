BEGIN;
SELECT plan(2);

-- Four current clients, and no floor.
UPDATE sl.entity SET breaker_floor = 0, breaker_share = 0.5 WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(g, tap.at(2), p_is_deleted => true) FROM generate_series(1, 2) AS g;
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (2, 0, 0, 2, 0, 0)$$,
    'two of four'
);

SELECT tap.put_client(g, tap.at(3)) FROM generate_series(5, 50) AS g;
SELECT tap.put_client(3, tap.at(3), p_is_deleted => true);
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (47, 46, 0, 1, 0, 0)$$,
    'new keys do not count'
);

SELECT * FROM finish();
ROLLBACK;
