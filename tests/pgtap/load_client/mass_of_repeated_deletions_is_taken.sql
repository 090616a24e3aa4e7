BEGIN;
SELECT plan(2);

-- Four current clients, and no floor.
UPDATE sl.entity SET breaker_floor = 0, breaker_share = 0.5 WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(g, tap.at(2), p_is_deleted => true) FROM generate_series(1, 4) AS g;
SELECT lives_ok('CALL dds.load_client(p_force => true)', 'all are deleted, forced');
SELECT tap.settle();
SELECT tap.put_client(g, tap.at(3), p_is_deleted => true) FROM generate_series(1, 4) AS g;
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (4, 0, 0, 0, 4, 0)$$,
    'what is deleted already is not deleted again'
);

SELECT * FROM finish();
ROLLBACK;
