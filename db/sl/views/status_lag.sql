-- sl.status_lag
--
-- Purpose: how far each layer is behind the one before it, in rows and minutes, cheaply enough to ask every minute.
-- Columns: layer: dds, cdm or clickhouse; source, target; rows_behind: what the target has not taken yet;
--     is_at_least: there may be more of them; minutes_behind: for how long at most they have waited, 0 where none do,
--     NULL where that is not known; last_run_id, last_run_at: the run that brought the target up last, and its end.
-- Reads: sl.entity, sl.run, sl.rows_waiting.
--
-- raw to dds, a row an entity: rows_behind as sl.rows_waiting has it, counted up to 100000. raw does not know when a
-- row was written; since the last load did not see it, it waits for no longer than since then.
-- dds to cdm, a row an entity: the versions that loads wrote and no build has taken up, and how long since the first
-- of these loads. Exact.
-- cdm to ClickHouse: the warehouse does not know what is published. last_run_id is the newest batch there is to
-- publish; tshop.published_batch tells what is, and sl.status_run.batch_rows how much lies between: make status
-- compares them.
CREATE OR REPLACE VIEW sl.status_lag AS
SELECT
    'dds' AS layer,
    w.source,
    w.target,
    w.rows_behind,
    w.rows_behind >= 100000 AS is_at_least,
    CASE
        WHEN w.rows_behind = 0 THEN 0
        ELSE round(extract(EPOCH FROM now() - l.finished_at) / 60, 1)
    END AS minutes_behind,
    l.run_id AS last_run_id,
    l.finished_at AS last_run_at
FROM
    (
        SELECT
            format('%I.%I', e.source_schema, e.source_table) AS source,
            format('%I.%I', e.target_schema, e.target_table) AS target,
            format('%s.load_%s', e.target_schema, e.entity_name) AS procedure_name,
            sl.rows_waiting(e.entity_name) AS rows_behind
        FROM sl.entity AS e
    ) AS w
LEFT JOIN LATERAL (
    SELECT
        r.run_id,
        r.finished_at
    FROM sl.run AS r
    WHERE r.target = w.target AND r.procedure_name = w.procedure_name AND r.status = 'succeeded'
    ORDER BY r.end_no DESC
    LIMIT 1
) AS l ON true
UNION ALL
SELECT
    'cdm',
    s.source,
    'cdm.sales_mart',
    w.rows_behind,
    false,
    CASE
        WHEN w.rows_behind = 0 THEN 0
        ELSE round(extract(EPOCH FROM now() - w.first_at) / 60, 1)
    END,
    l.run_id,
    l.finished_at
FROM (VALUES ('dds.client'), ('dds.product'), ('dds.sale')) AS s (source)
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(r.rows_inserted + r.rows_corrected + r.rows_deleted), 0)::bigint AS rows_behind,
        min(r.finished_at) FILTER (WHERE r.rows_inserted + r.rows_corrected + r.rows_deleted > 0) AS first_at
    FROM sl.run AS r
    WHERE r.target = s.source AND r.status = 'succeeded' AND r.taken_up_by IS NULL
) AS w
LEFT JOIN LATERAL (
    SELECT
        r.run_id,
        r.finished_at
    FROM sl.run AS r
    WHERE r.target = 'cdm.sales_mart' AND r.status = 'succeeded'
    ORDER BY r.end_no DESC
    LIMIT 1
) AS l ON true
UNION ALL
SELECT
    'clickhouse',
    'cdm.sales_mart',
    'tshop.sales_mart',
    NULL,
    false,
    NULL,
    l.run_id,
    l.finished_at
FROM (VALUES (1)) AS one (row)
LEFT JOIN LATERAL (
    SELECT
        r.run_id,
        r.finished_at
    FROM sl.run AS r
    WHERE
        r.target = 'cdm.sales_mart'
        AND r.status = 'succeeded'
        AND r.rows_inserted + r.rows_corrected + r.rows_deleted > 0
    ORDER BY r.end_no DESC
    LIMIT 1
) AS l ON true;

COMMENT ON VIEW sl.status_lag IS 'How far each layer is behind the one before it, in rows and minutes';
COMMENT ON COLUMN sl.status_lag.layer IS 'Layer that may be behind: dds, cdm or clickhouse';
COMMENT ON COLUMN sl.status_lag.source IS 'Table or layer before it';
COMMENT ON COLUMN sl.status_lag.target IS 'Table that may be behind';
COMMENT ON COLUMN sl.status_lag.rows_behind IS
'Rows that the target has not processed. NULL for clickhouse: the warehouse does not know';
COMMENT ON COLUMN sl.status_lag.is_at_least IS 'True where there may be more rows: the count stops at 100000';
COMMENT ON COLUMN sl.status_lag.minutes_behind IS
'Minutes that these rows have waited at most; 0: none wait. NULL: not known';
COMMENT ON COLUMN sl.status_lag.last_run_id IS
'Run that last brought the target up; for clickhouse, the newest batch to publish. NULL: none yet';
COMMENT ON COLUMN sl.status_lag.last_run_at IS 'When that run ended. NULL: none yet';
