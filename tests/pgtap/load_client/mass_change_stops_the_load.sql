BEGIN;
SELECT plan(2);

-- Four current clients, and no floor.
UPDATE sl.entity SET breaker_floor = 0, breaker_share = 0.5 WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), p_is_deleted => true);
SELECT tap.put_client(2, tap.at(2), p_last_name => 'Later');
SELECT tap.put_client(3, tap.at(0), p_last_name => 'Spliced');

SELECT throws_ok('CALL dds.load_client()', 'TS004', NULL, 'one deleted, one changed, one spliced of four');
SELECT is((SELECT count(*) FROM tap.clients()), 4::bigint, 'nothing was changed');

SELECT * FROM finish();
ROLLBACK;
