-- sl.status_drift
--
-- Purpose: where a source, a target or a mart is no longer as its declaration says; no row where all is well.
-- Columns: entity_name: the entity or the mart; finding: what differs, a name; level: error: loads or builds stop, or
--     may lose something; warn: loads continue at a cost; info: nothing is lost; detail: what it is about; remediation:
--     what to do.
-- Reads: sl.entity, sl.mart, sl._source_column, pg_catalog.
--
-- Cheap enough to ask every minute. Source and target are found by their names, and nothing is called, since who
-- reads this may not look into their schemas.
CREATE OR REPLACE VIEW sl.status_drift AS
WITH entity AS (
    SELECT
        e.entity_name,
        e.changes,
        e.key_columns,
        e.personal_columns <> '{}' AS has_personal_columns,
        e.key_columns || e.tracked_columns || e.in_place_columns AS target_columns,
        e.key_columns || e.tracked_columns || e.in_place_columns || e.personal_columns
        || array_remove(ARRAY[e.event_time_column, e.deleted_column, e.scope_column], NULL)
        || CASE WHEN e.changes = 'stamp' THEN ARRAY['changed_xid'] ELSE '{}' END AS source_columns,
        format('%I.%I', e.source_schema, e.source_table) AS source,
        format('%I.%I', e.target_schema, e.target_table) AS target,
        (
            SELECT c.oid FROM pg_class AS c INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = e.source_schema AND c.relname = e.source_table
        ) AS source_id,
        (
            SELECT c.oid FROM pg_class AS c INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = e.target_schema AND c.relname = e.target_table
        ) AS target_id
    FROM sl.entity AS e
),
mart AS (
    SELECT
        m.mart_name,
        m.key_columns,
        m.touched_schema,
        m.touched_function,
        format('%I.%I', m.target_schema, m.target_table) AS target,
        format('%I.%I', m.image_schema, m.image_view) AS image,
        (
            SELECT c.oid FROM pg_class AS c INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = m.target_schema AND c.relname = m.target_table
        ) AS target_id,
        (
            SELECT c.oid FROM pg_class AS c INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = m.image_schema AND c.relname = m.image_view
        ) AS image_id
    FROM sl.mart AS m
)
SELECT
    e.entity_name,
    'source_missing' AS finding,
    'error' AS level,
    format('There is no table %s', e.source) AS detail,
    'Make the source again, or declare the entity with another one. Its loads stop until then.' AS remediation
FROM entity AS e
WHERE e.source_id IS NULL
UNION ALL
SELECT
    e.entity_name,
    'target_missing',
    'error',
    format('There is no table %s', e.target),
    'Restore it from a backup. To begin its history again, declare the entity again, and load it with p_full => true.'
FROM entity AS e
WHERE e.target_id IS NULL
UNION ALL
SELECT
    e.entity_name,
    'column_missing',
    'error',
    format('%s has no column %I', e.source, c.name),
    CASE
        WHEN c.name = 'changed_xid' THEN 'Declare the entity again, which makes it, and load it with p_full => true.'
        ELSE 'Give the source the column, or declare the entity without it. Its loads stop until then.'
    END
FROM entity AS e
CROSS JOIN LATERAL (SELECT DISTINCT unnest(e.source_columns)) AS c (name)
WHERE
    e.source_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = e.source_id AND a.attname = c.name AND NOT a.attisdropped
    )
UNION ALL
SELECT
    e.entity_name,
    'target_column_missing',
    'error',
    format('%s has no column %I', e.target, c.name),
    'Declare the entity again, which adds the column, and load it with p_full => true. What it held is in a backup.'
FROM entity AS e
CROSS JOIN LATERAL unnest(e.target_columns) AS c (name)
WHERE
    e.target_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = e.target_id AND a.attname = c.name AND NOT a.attisdropped
    )
UNION ALL
SELECT
    e.entity_name,
    'column_undeclared',
    'info',
    format('%s has a column %I, which is not declared', e.source, a.attname),
    'To keep its history, add it to p_tracked or p_in_place of the declaration.'
FROM entity AS e
INNER JOIN pg_attribute AS a ON a.attrelid = e.source_id AND a.attnum > 0 AND NOT a.attisdropped
WHERE NOT a.attname = any(e.source_columns)
UNION ALL
SELECT
    e.entity_name,
    'type_differs',
    'warn',
    format(
        '%s.%I is %s, and %s.%I is %s',
        e.source, c.column_name, c.type_name, e.target, c.column_name, c.target_type_name
    ),
    format(
        'ALTER TABLE %s ALTER COLUMN %I TYPE %s, or give the source its type back. Until then loads convert each '
        'value, and reject what does not convert.',
        e.target, c.column_name, c.type_name
    )
FROM entity AS e
INNER JOIN sl._source_column AS c ON c.entity_name = e.entity_name
WHERE c.is_converted AND c.column_name = any(e.target_columns)
UNION ALL
SELECT
    e.entity_name,
    CASE
        WHEN t.tgname IS NULL THEN 'trigger_missing'
        WHEN t.tgenabled <> 'A' THEN 'trigger_disabled'
        ELSE 'trigger_differs'
    END,
    'error',
    format(
        '%s: the trigger %s is %s', e.source, n.name,
        CASE
            WHEN t.tgname IS NULL THEN 'missing'
            WHEN t.tgenabled <> 'A' THEN 'not always enabled'
            ELSE 'not the one that the declaration makes'
        END
    ),
    'Declare the entity again, which makes or enables it, and load it with p_full => true: what was written meanwhile '
    'may have gone unseen.'
FROM entity AS e
CROSS JOIN (
    -- Kind: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate (pg_trigger.tgtype).
    VALUES
    ('sl_stamp', '_stamp_changed_xid', 1 + 2 + 16, true, false, false),
    ('sl_keep_delete', '_keep_deleted', 1 + 2 + 8, true, true, false),
    ('sl_stamp_key', '_keep_moved', 1 + 2 + 16, false, true, false),
    ('sl_keep_all', '_refuse_truncate', 2 + 32, false, false, false),
    ('sl_forget_insert', '_keep_forgotten', 4, false, false, true),
    ('sl_forget_update', '_keep_forgotten', 16, false, false, true)
) AS n (name, function_name, kind, has_setting, has_condition, is_of_persons)
LEFT JOIN pg_trigger AS t ON t.tgrelid = e.source_id AND t.tgname = n.name
LEFT JOIN pg_proc AS f ON f.oid = t.tgfoid AND f.pronamespace = 'sl'::regnamespace
WHERE
    e.changes = 'stamp'
    AND e.source_id IS NOT NULL
    AND (e.has_personal_columns OR NOT n.is_of_persons)
    AND (
        t.tgenabled IS DISTINCT FROM 'A'
        OR f.proname IS DISTINCT FROM n.function_name
        OR t.tgtype <> n.kind
        OR (t.tgqual IS NOT NULL) <> n.has_condition
        -- As sl._make_stamps gives them, and sl._read_setting names one, which who reads this may not call.
        OR encode(t.tgargs, 'escape') <> e.entity_name || '\000'
        || CASE WHEN n.has_setting THEN 'sl.read_below_' || left(md5(e.entity_name), 8) || '\000' ELSE '' END
    )
UNION ALL
SELECT
    e.entity_name,
    'state_unreadable',
    'error',
    format('%s states of %s that were kept aside do not fit its columns any more', k.states, e.source),
    'They stay in sl.kept_state. Give the columns the types back that they had, load the entity, and then change them.'
FROM entity AS e
CROSS JOIN LATERAL (
    SELECT count(*) AS states
    FROM sl.kept_state AS s
    WHERE
        s.entity_name = e.entity_name
        -- A load that began later has not read it.
        AND s.kept_at < (
            SELECT max(r.started_at)
            FROM sl.watermark AS w
            INNER JOIN sl.run AS r ON r.run_id = w.run_id
            WHERE w.target = e.target
        )
) AS k
WHERE k.states > 0
UNION ALL
SELECT
    e.entity_name,
    'partition_unguarded',
    'error',
    format('%s: the partition %s has no trigger sl_keep_all', e.source, p.relid::regclass),
    'Declare the entity again, which makes it. Until then a TRUNCATE of the partition takes rows out unseen.'
FROM entity AS e
CROSS JOIN LATERAL pg_partition_tree(e.source_id) AS p
WHERE
    e.changes = 'stamp'
    AND p.level > 0
    AND NOT EXISTS (
        SELECT FROM pg_trigger AS t
        WHERE t.tgrelid = p.relid AND t.tgname = 'sl_keep_all' AND t.tgenabled = 'A'
    )
UNION ALL
SELECT
    e.entity_name,
    'default_missing',
    'error',
    format('%s.changed_xid has no default', e.source),
    format(
        'ALTER TABLE %s ALTER COLUMN changed_xid SET DEFAULT pg_current_xact_id()::text::bigint, and load the entity '
        'with p_full => true: what was inserted meanwhile may have gone unseen.',
        e.source
    )
FROM entity AS e
INNER JOIN pg_attribute AS a ON a.attrelid = e.source_id AND a.attname = 'changed_xid' AND NOT a.attisdropped
WHERE e.changes = 'stamp' AND NOT a.atthasdef
UNION ALL
SELECT
    e.entity_name,
    'index_missing',
    'warn',
    format('%s has no index that begins with changed_xid', e.source),
    'Declare the entity again, which makes it. Until then each load reads the whole source.'
FROM entity AS e
INNER JOIN pg_attribute AS a ON a.attrelid = e.source_id AND a.attname = 'changed_xid' AND NOT a.attisdropped
WHERE
    e.changes = 'stamp'
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = e.source_id AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid
    )
UNION ALL
SELECT
    e.entity_name,
    'unique_key_missing',
    'error',
    format('%s has no primary key or unique constraint on (%s)', e.source, k.columns),
    format('ALTER TABLE %s ADD UNIQUE (%s). Several rows of a key have no order.', e.source, k.columns)
FROM entity AS e
CROSS JOIN LATERAL (
    SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.position) AS columns
    FROM unnest(e.key_columns) WITH ORDINALITY AS c (name, position)
) AS k
WHERE
    e.changes = 'stamp'
    AND e.source_id IS NOT NULL
    -- As sl._has_unique_key, which may look into the source's schema.
    AND NOT EXISTS (
        SELECT
        FROM pg_index AS i
        WHERE
            i.indrelid = e.source_id
            AND i.indisunique
            AND i.indisvalid
            AND i.indpred IS NULL
            AND i.indexprs IS NULL
            AND i.indnkeyatts = cardinality(e.key_columns)
            AND e.key_columns @> array(
                SELECT a.attname::text
                FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS c (attnum)
                INNER JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = c.attnum
            )
    )
UNION ALL
SELECT
    m.mart_name,
    'table_missing',
    'error',
    format('There is no table %s', m.target),
    'Declare the mart again, which makes it; its next build computes all rows. What it reported before is in a backup.'
FROM mart AS m
WHERE m.target_id IS NULL
UNION ALL
SELECT
    m.mart_name,
    'image_missing',
    'error',
    format('There is no view %s', m.image),
    'Make the view again, and declare the mart again. Its builds stop until then.'
FROM mart AS m
WHERE m.image_id IS NULL
UNION ALL
SELECT
    m.mart_name,
    'column_missing',
    'error',
    format('%s has no column %I', m.image, c.name),
    'Give the view the column of the key. The builds of the mart stop until then.'
FROM mart AS m
CROSS JOIN LATERAL unnest(m.key_columns) AS c (name)
WHERE
    m.image_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = m.image_id AND a.attname = c.name AND NOT a.attisdropped
    )
UNION ALL
SELECT
    m.mart_name,
    'target_column_missing',
    'error',
    format('%s has no column %I', m.target, i.attname),
    'Declare the mart again, which adds the column. Its builds stop until then.'
FROM mart AS m
INNER JOIN pg_attribute AS i ON i.attrelid = m.image_id AND i.attnum > 0 AND NOT i.attisdropped
WHERE
    m.target_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = m.target_id AND a.attname = i.attname AND NOT a.attisdropped
    )
UNION ALL
SELECT
    m.mart_name,
    'function_missing',
    'error',
    format('There is no function %I.%I(bigint[])', m.touched_schema, m.touched_function),
    'Make the function again, and declare the mart again. Its builds stop until then.'
FROM mart AS m
WHERE
    m.touched_function IS NOT NULL
    AND NOT EXISTS (
        SELECT
        FROM pg_proc AS p
        INNER JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE
            n.nspname = m.touched_schema
            AND p.proname = m.touched_function
            AND p.pronargs = 1
            AND p.proargtypes[0] = 'bigint[]'::regtype
    );

COMMENT ON VIEW sl.status_drift IS 'Where a source, a target or a mart is no longer as its declaration says';
COMMENT ON COLUMN sl.status_drift.entity_name IS 'The entity, as in sl.entity, or the mart, as in sl.mart';
COMMENT ON COLUMN sl.status_drift.finding IS 'What differs, such as column_undeclared or trigger_disabled';
COMMENT ON COLUMN sl.status_drift.level IS
'error: loads or builds stop, or may lose something; warn: loads continue at a cost; info: nothing is lost';
COMMENT ON COLUMN sl.status_drift.detail IS 'Which table, column or trigger it is about';
COMMENT ON COLUMN sl.status_drift.remediation IS 'What to do';
