BEGIN;
SELECT plan(2);

UPDATE sl.entity SET breaker_floor = 3 WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(g, tap.at(2), p_is_deleted => true) FROM generate_series(1, 3) AS g;
SELECT lives_ok('CALL dds.load_client()', 'three of four, as many as the floor');
SELECT is((SELECT count(*) FROM tap.clients() AS c WHERE c.is_current), 1::bigint, 'are deleted');

SELECT * FROM finish();
ROLLBACK;
