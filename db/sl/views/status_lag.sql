-- sl.status_lag
--
-- Purpose: how far each layer is behind the one before it, in rows and minutes, cheaply enough to ask every minute.
-- Columns: layer: schema of the target, or clickhouse; source, target; rows_behind: what the target has not processed;
--     is_at_least: there may be more of them; minutes_behind: for how long at most they have waited, 0 where none do,
--     NULL where that is not known; last_run_id, last_run_at: the run that brought the target up last, and its end;
--     is_late: the entity has brought nothing newer than its fresh_within, NULL where that is not declared.
-- Reads: sl.entity, sl.mart, sl.run, sl.consumption, sl.watermark, sl.rows_waiting.
--
-- Source to entity, a row an entity: rows_behind as sl.rows_waiting has it, counted up to 100000. A source does not
-- know when a row was written; since the last load did not see it, it waits for no longer than since then. What is late
-- is told by the greatest event time known, of an entity without one by the end of its last load.
-- Entity to mart, a row an entity of each mart: the versions that loads wrote and no build of the mart has processed,
-- and how long since the first of these loads. Exact. Of a mart that was never built, or that is to be computed anew,
-- all that loads ever wrote, and how long since its last build.
-- Mart to ClickHouse, a row a mart that is published: the warehouse does not know what is published. last_run_id is the
-- newest batch there is to publish; tshop.published_batch tells what is, and sl.status_run.batch_rows how much lies
-- between: make status compares them.
CREATE OR REPLACE VIEW sl.status_lag AS
SELECT
    w.layer,
    w.source,
    w.target,
    w.rows_behind,
    w.rows_behind >= 100000 AS is_at_least,
    CASE
        WHEN w.rows_behind = 0 THEN 0
        ELSE round(extract(EPOCH FROM now() - l.finished_at) / 60, 1)
    END AS minutes_behind,
    l.run_id AS last_run_id,
    l.finished_at AS last_run_at,
    coalesce(
        now() - CASE WHEN w.has_event_time THEN h.high_updated_at ELSE l.finished_at END > w.fresh_within,
        w.fresh_within > '0'
    ) AS is_late
FROM
    (
        SELECT
            e.target_schema AS layer,
            format('%I.%I', e.source_schema, e.source_table) AS source,
            format('%I.%I', e.target_schema, e.target_table) AS target,
            sl.rows_waiting(e.entity_name) AS rows_behind,
            e.event_time_column IS NOT NULL AS has_event_time,
            e.fresh_within
        FROM sl.entity AS e
    ) AS w
LEFT JOIN sl.watermark AS h ON h.target = w.target AND h.source = w.source
-- A load of some keys alone (p_keys, p_since) is none that brings the target up.
LEFT JOIN sl.run AS l ON l.run_id = h.run_id
UNION ALL
SELECT
    m.target_schema,
    s.source,
    format('%I.%I', m.target_schema, m.target_table),
    w.rows_behind,
    false,
    CASE
        WHEN w.rows_behind = 0 THEN 0
        WHEN b.is_new THEN round(extract(EPOCH FROM now() - coalesce(l.finished_at, w.first_at)) / 60, 1)
        ELSE round(extract(EPOCH FROM now() - w.first_at) / 60, 1)
    END,
    l.run_id,
    l.finished_at,
    NULL
FROM sl.mart AS m
CROSS JOIN LATERAL (
    SELECT format('%I.%I', e.target_schema, e.target_table) AS source
    FROM sl.entity AS e
    WHERE e.entity_name = any(m.sources)
) AS s
CROSS JOIN LATERAL (
    SELECT NOT EXISTS (
        SELECT FROM sl.watermark AS h WHERE h.target = format('%I.%I', m.target_schema, m.target_table)
    ) AS is_new
) AS b
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(r.rows_inserted + r.rows_corrected + r.rows_deleted), 0)::bigint AS rows_behind,
        min(r.finished_at) FILTER (WHERE r.rows_inserted + r.rows_corrected + r.rows_deleted > 0) AS first_at
    FROM (
        -- The loads that a mart has still to process are few, and have an index. Only one of the two is asked.
        SELECT
            o.rows_inserted,
            o.rows_corrected,
            o.rows_deleted,
            o.finished_at
        FROM sl.run AS o
        WHERE
            NOT b.is_new
            AND o.target = s.source
            AND o.status = 'succeeded'
            AND o.consumed_by IS NULL
            AND NOT EXISTS (SELECT FROM sl.consumption AS c WHERE c.run_id = o.run_id AND c.mart_name = m.mart_name)
        UNION ALL
        SELECT
            o.rows_inserted,
            o.rows_corrected,
            o.rows_deleted,
            o.finished_at
        FROM sl.run AS o
        WHERE b.is_new AND o.target = s.source AND o.status = 'succeeded'
    ) AS r
) AS w
LEFT JOIN LATERAL (
    SELECT
        r.run_id,
        r.finished_at
    FROM sl.run AS r
    WHERE r.target = format('%I.%I', m.target_schema, m.target_table) AND r.status = 'succeeded'
    ORDER BY r.end_no DESC
    LIMIT 1
) AS l ON true
UNION ALL
SELECT
    'clickhouse',
    format('%I.%I', m.target_schema, m.target_table),
    m.published_as,
    NULL,
    false,
    NULL,
    l.run_id,
    l.finished_at,
    NULL
FROM sl.mart AS m
LEFT JOIN LATERAL (
    SELECT
        r.run_id,
        r.finished_at
    FROM sl.run AS r
    WHERE
        r.target = format('%I.%I', m.target_schema, m.target_table)
        AND r.status = 'succeeded'
        AND r.rows_inserted + r.rows_corrected + r.rows_deleted > 0
    ORDER BY r.end_no DESC
    LIMIT 1
) AS l ON true
WHERE m.published_as IS NOT NULL;

COMMENT ON VIEW sl.status_lag IS 'How far each layer is behind the one before it, in rows and minutes';
COMMENT ON COLUMN sl.status_lag.layer IS 'Layer that may be behind: schema of the target, or clickhouse';
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
COMMENT ON COLUMN sl.status_lag.is_late IS
'True where the entity has brought nothing newer than its fresh_within (sl.entity). NULL: not declared';
