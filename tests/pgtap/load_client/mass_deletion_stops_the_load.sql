BEGIN;
SELECT plan(3);

-- Four current clients, and no floor.
UPDATE sl.entity SET breaker_floor = 0, breaker_share = 0.5 WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(g, tap.at(2), p_is_deleted => true) FROM generate_series(1, 3) AS g;

SELECT throws_ok('CALL dds.load_client()', 'TS004', NULL, 'three of four');
SELECT is((SELECT count(*) FROM tap.clients() AS c WHERE c.is_current), 4::bigint, 'nothing was deleted');
SELECT is((SELECT count(*) FROM sl.tombstone), 0::bigint, 'nor noted as deleted');

SELECT * FROM finish();
ROLLBACK;
