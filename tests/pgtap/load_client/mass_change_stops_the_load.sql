BEGIN;
SELECT plan(3);

-- Four current clients, no floor, and an entity that asks for changes to be judged as well.
UPDATE sl.entity
SET breaker_floor = 0, breaker_share = 0.5, breaker_judges_changes = true
WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), p_is_deleted => true);
SELECT tap.put_client(2, tap.at(2), p_last_name => 'Later');
SELECT tap.put_client(3, tap.at(0), p_last_name => 'Spliced');

SELECT throws_ok('CALL dds.load_client()', 'TS004', NULL, 'one deleted, one changed, one spliced of four');
SELECT is((SELECT count(*) FROM tap.clients()), 4::bigint, 'nothing was changed');
UPDATE sl.entity SET breaker_judges_changes = false WHERE entity_name = 'client';
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (3, 2, 0, 1, 0, 0)$$, 'one deletion of four is taken'
);

SELECT * FROM finish();
ROLLBACK;
