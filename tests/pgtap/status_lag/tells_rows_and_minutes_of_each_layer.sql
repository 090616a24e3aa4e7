BEGIN;
SELECT plan(9);

-- The layers of the sales mart stand for all of them.
CREATE TEMPORARY VIEW lag AS
SELECT l.*
FROM sl.status_lag AS l
WHERE
    l.target IN ('cdm.sales_mart', 'tshop.sales_mart')
    OR (l.layer = 'dds' AND l.source IN ('raw.client', 'raw.product', 'raw.sale'));

SELECT results_eq(
    $$SELECT layer, source, target, rows_behind, is_at_least, minutes_behind, last_run_id
    FROM lag ORDER BY layer DESC, source$$,
    $$VALUES
    ('dds', 'raw.client', 'dds.client', 0::bigint, false, 0::numeric, NULL::bigint),
    ('dds', 'raw.product', 'dds.product', 0, false, 0, NULL),
    ('dds', 'raw.sale', 'dds.sale', 0, false, 0, NULL),
    ('clickhouse', 'cdm.sales_mart', 'tshop.sales_mart', NULL, false, NULL, NULL),
    ('cdm', 'dds.client', 'cdm.sales_mart', 0, false, 0, NULL),
    ('cdm', 'dds.product', 'cdm.sales_mart', 0, false, 0, NULL),
    ('cdm', 'dds.sale', 'cdm.sales_mart', 0, false, 0, NULL)$$,
    'an empty warehouse is behind in nothing'
);
SELECT set_eq(
    $$SELECT layer, target FROM sl.status_lag$$,
    $$SELECT 'dds', format('dds.%s', e.entity_name) FROM sl.entity AS e
    UNION ALL
    SELECT 'cdm', format('cdm.%s', m.mart_name) FROM sl.mart AS m
    UNION ALL
    SELECT 'clickhouse', m.published_as FROM sl.mart AS m WHERE m.published_as IS NOT NULL$$,
    'each entity and mart has its rows'
);

SELECT tap.put_client(1, tap.at(1));
SELECT results_eq(
    $$SELECT rows_behind, minutes_behind FROM lag WHERE source = 'raw.client'$$,
    $$VALUES (1::bigint, NULL::numeric)$$,
    'rows that no load has ever looked for wait for nobody knows how long'
);

SELECT tap.put_healthy_warehouse();
UPDATE sl.run SET started_at = started_at - interval '90 minutes', finished_at = now() - interval '90 minutes';
SELECT is_empty(
    $$SELECT * FROM lag WHERE rows_behind <> 0 OR minutes_behind <> 0$$,
    'nothing is behind after loads and builds, however long ago they were'
);
SELECT results_eq(
    $$SELECT l.source, l.rows_behind, l.minutes_behind, l.last_run_id
    FROM sl.status_lag AS l WHERE l.target = 'cdm.user_sales' ORDER BY l.source$$,
    $$VALUES ('dds.client', 4::bigint, 90.0, NULL::bigint), ('dds.sales_order', 0, 0, NULL)$$,
    'a mart that was never built waits for all that loads wrote'
);

SELECT tap.put_client(7, tap.at(9));
SELECT tap.put_client(8, tap.at(9));
SELECT results_eq(
    $$SELECT l.rows_behind, l.minutes_behind, l.last_run_id
    FROM lag AS l WHERE l.source = 'raw.client'$$,
    $$SELECT 2::bigint, 90.0, max(run_id) FROM sl.run WHERE procedure_name = 'dds.load_client'$$,
    'rows in raw wait since the last load'
);

SELECT tap.load('client');
UPDATE sl.run SET finished_at = now() - interval '5 minutes', started_at = now() - interval '6 minutes'
WHERE run_id = (SELECT max(run_id) FROM sl.run);
SELECT tap.put_client(9, tap.at(9));
SELECT tap.load('client');
SELECT tap.record_failure('dds.load_client', 'TS004', 'too many');
SELECT results_eq(
    $$SELECT l.source, l.rows_behind, l.minutes_behind, l.last_run_id
    FROM lag AS l WHERE l.layer = 'cdm' AND l.rows_behind > 0$$,
    $$SELECT 'dds.client', 3::bigint, 5.0, max(run_id) FROM sl.run WHERE procedure_name = 'cdm.build_mart'$$,
    'versions in dds wait since the first load that no build has processed; a failed one counts for nothing'
);
SELECT results_eq(
    $$SELECT l.rows_behind FROM lag AS l WHERE l.source = 'raw.client'$$,
    $$VALUES (0::bigint)$$,
    'and in raw none does'
);

SELECT tap.build_mart();
SELECT results_eq(
    $$SELECT l.last_run_id FROM lag AS l WHERE l.layer = 'clickhouse'$$,
    $$SELECT max(run_id) FROM sl.run WHERE target = 'cdm.sales_mart' AND rows_inserted + rows_corrected > 0$$,
    'a build that wrote nothing is no batch to publish'
);

SELECT * FROM finish();
ROLLBACK;
