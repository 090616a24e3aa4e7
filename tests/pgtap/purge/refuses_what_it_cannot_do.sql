BEGIN;
SELECT plan(10);

CREATE VIEW raw.shop AS SELECT 1 AS shop_id, 'Omsk'::text AS city;
CALL sl.declare_entity('shop', 'raw.shop', '{shop_id}', '{city}', p_changes => 'scan');
CREATE TABLE raw.depot (depot_id integer PRIMARY KEY, city text);
CALL sl.declare_entity('depot', 'raw.depot', '{depot_id}', '{city}');

CREATE FUNCTION pg_temp.purge(p_entity text, p_before timestamptz, p_pages bigint DEFAULT 1, p_page bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
AS $body$
DECLARE
    v_purged bigint;
    v_kept bigint;
BEGIN
    CALL sl._purge_pages(p_entity, p_before, p_pages, v_purged, v_kept, p_page);
END;
$body$;
SELECT throws_ok(
    $$SELECT pg_temp.purge('shop', tap.at(1))$$, '22023',
    'sl.purge: entity "shop" is compared whole: what its source lacks was deleted', 'a source that is compared whole'
);
SELECT throws_ok(
    $$SELECT pg_temp.purge('depot', tap.at(1))$$, '22023',
    'sl.purge: entity "depot" has no event time that p_before could be compared with', 'no event time'
);
SELECT throws_ok($$SELECT pg_temp.purge('nobody', tap.at(1))$$, 'TS002', NULL, 'an entity that is not declared');
SELECT throws_ok($$SELECT pg_temp.purge('sale', NULL)$$, '22023', 'sl.purge: p_before is NULL', 'no time');
SELECT throws_ok(
    $$SELECT pg_temp.purge('sale', 'infinity')$$, '22023', 'sl.purge: p_before is infinity', 'a time to come'
);
SELECT throws_ok($$SELECT pg_temp.purge('sale', tap.at(1), 0)$$, '22023', 'sl.purge: p_pages is 0', 'no page');
SELECT throws_ok($$SELECT pg_temp.purge('sale', tap.at(1), NULL)$$, '22023', 'sl.purge: p_pages is NULL',
    'no number of pages');
SELECT throws_ok(
    $$SELECT pg_temp.purge('sale', tap.at(1), 1, -1)$$, '22023', 'sl.purge: next_page is -1', 'a page below zero'
);
CREATE TABLE raw.store (store_id integer PRIMARY KEY, city text, changed_at timestamptz);
CALL sl.declare_entity('store', 'raw.store', '{store_id}', '{city}', p_event_time => 'changed_at');
ALTER TABLE raw.store DROP COLUMN changed_at;
SELECT throws_ok(
    $$SELECT pg_temp.purge('store', tap.at(1))$$, 'TS003', 'Entity "store": raw.store has no column changed_at',
    'a source without its time'
);
SELECT throws_ok(
    $$CALL sl.purge('sale', '2024-01-01')$$, '2D000', NULL, 'it commits, and is refused within a transaction'
);

SELECT * FROM finish();
ROLLBACK;
