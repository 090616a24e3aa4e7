BEGIN;
SELECT plan(5);

SELECT tap.put_client(1, tap.at(5), 'Anna');
SELECT is(
    sl.keep_states(
        'client',
        $$SELECT 1 AS client_id, 'Orlova' AS last_name, n.name AS first_name, tap.at(n.day) AS updated_at
        FROM (VALUES ('Ann', 1), ('Anne', 2), ('Anya', 2)) AS n (name, day)$$
    ),
    3::bigint, 'states are put aside'
);
SELECT tap.load('client');
SELECT results_eq(
    'SELECT first_name, valid_from FROM dds.client ORDER BY valid_from',
    $$VALUES ('Ann', tap.at(1)), ('Anya', tap.at(2)), ('Anna', tap.at(5))$$,
    'history has them; of one time the last counts'
);
CREATE VIEW raw.shop AS SELECT 1 AS shop_id, 'Omsk'::text AS city;
CALL sl.declare_entity('shop', 'raw.shop', '{shop_id}', '{city}', p_changes => 'scan');
CREATE TABLE raw.depot (depot_id integer PRIMARY KEY, city text);
CALL sl.declare_entity('depot', 'raw.depot', '{depot_id}', '{city}');
SELECT throws_ok($$SELECT sl.keep_states('shop', 'SELECT 1')$$, '22023', NULL, 'a source that is compared whole');
SELECT throws_ok($$SELECT sl.keep_states('depot', 'SELECT 1')$$, '22023', NULL, 'one without an event time');
SELECT throws_ok($$SELECT sl.keep_states('nobody', 'SELECT 1')$$, 'TS002', NULL, 'none');

SELECT * FROM finish();
ROLLBACK;
