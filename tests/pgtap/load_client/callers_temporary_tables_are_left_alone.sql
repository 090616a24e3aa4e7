BEGIN;
SELECT plan(7);

CREATE TEMPORARY TABLE scd2_change AS SELECT 'mine' AS owner;
CREATE TEMPORARY TABLE scd2_odd AS SELECT 'mine' AS owner;
CREATE TEMPORARY TABLE scd2_segment AS SELECT 'mine' AS owner;
CREATE TEMPORARY TABLE mart_key AS SELECT 'mine' AS owner;
CREATE TEMPORARY TABLE mart_change AS SELECT 'mine' AS owner;
SELECT tap.put_healthy_warehouse();
SELECT results_eq(
    $$SELECT owner FROM pg_temp.scd2_change
    UNION ALL SELECT owner FROM pg_temp.scd2_odd
    UNION ALL SELECT owner FROM pg_temp.scd2_segment
    UNION ALL SELECT owner FROM pg_temp.mart_key
    UNION ALL SELECT owner FROM pg_temp.mart_change$$,
    $$VALUES ('mine'), ('mine'), ('mine'), ('mine'), ('mine')$$,
    'loads and builds use tables of their own'
);
SELECT is_empty(
    $$SELECT c.relname FROM pg_class AS c
    WHERE
        c.relnamespace = pg_my_temp_schema()
        AND c.relkind = 'r'
        AND c.relname NOT IN ('scd2_change', 'scd2_odd', 'scd2_segment', 'mart_key', 'mart_change')
        AND c.relname NOT LIKE '\_\_tcache\_\_%'
        AND c.relname NOT LIKE '\_\_tresults\_\_%'$$,
    'and leave none behind'
);

-- A session that takes the engine's own names gets an error, and keeps the table. Of these two, a build makes none, or
-- only one.
CREATE TEMPORARY TABLE _sl_group AS SELECT 'mine' AS owner;
SELECT throws_ok('CALL cdm.build_mart(true)', '42P07', NULL, 'nor is one that a full build does not make');
SELECT results_eq('SELECT owner FROM pg_temp._sl_group', $$VALUES ('mine')$$, 'which stays');
DROP TABLE pg_temp._sl_group;
CREATE TEMPORARY TABLE _sl_image AS SELECT 'mine' AS owner;
SELECT throws_ok('CALL cdm.build_mart(true)', '42P07', NULL, 'nor one that only other marts'' builds make');
SELECT results_eq('SELECT owner FROM pg_temp._sl_image', $$VALUES ('mine')$$, 'which stays, too');
DROP TABLE pg_temp._sl_image;
UPDATE raw.client SET last_name = 'Новая', updated_at = updated_at + interval '1 day' WHERE client_id = 1;
CREATE TEMPORARY TABLE _sl_change AS SELECT 'mine' AS owner;
SELECT throws_ok(
    'CALL dds.load_client()', '42P07', NULL, 'a table of the engine''s own name is not dropped'
);

SELECT * FROM finish();
ROLLBACK;
