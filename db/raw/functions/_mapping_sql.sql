-- raw._mapping_sql(p_stream landing.stream, p_target landing.stream_target, p_has_own_rows boolean,
--     p_mapped_alone boolean DEFAULT false, p_keeps_before boolean DEFAULT false) RETURNS text
--
-- Purpose: writes the statement that brings documents into a table into dynamic SQL.
-- Parameters: p_stream, p_target: registry rows; p_has_own_rows: this transaction may have written rows of the table
--     before; p_mapped_alone: the rows that the mapping makes and no more (default false); p_keeps_before: what the
--     upsert overwrites is kept by the statement where that is possible, not by the table's trigger (default false).
-- Returns: a statement with the parameters of raw._document_rows that gives one row: an array of how many rows were
--     mapped, inserted, updated, deleted, put aside; of the documents that give no key or no time the partitions,
--     positions and reasons; and a text that says nothing. Where there are any of these documents it writes nothing.
-- Errors: none.
-- Reads: sl.entity, sl.erasure (whether there is any), pg_catalog. Writes: nothing.
--
-- The newest state of each key goes into the table, by updated_at and then by its place; the others, and one that is
-- older than the table's row, are put aside for the next load of the entity that the table is the source of. So is what
-- this transaction itself wrote before: no trigger keeps that. The order in which states of one key and time are put
-- aside is that of their places, after what is kept of the table's row: "kept" reads "written" first.
--
-- With p_keeps_before one INSERT keeps what the table's rows were and no load has read, before they are overwritten,
-- which costs a fraction of what the trigger does for each. For this one statement the trigger takes for read what the
-- INSERT has kept: rows of transactions that ended before the oldest one began that still runs. Other rows it keeps as
-- ever. The INSERT asks what the upsert will ask, of rows that it locks as the upsert does; so a table with a BEFORE
-- trigger of somebody else's, which may change what is asked or write other rows, is left to its triggers.
--
-- A tombstone has no time but the message's, which is not earlier than the state before it: the deletion counts from
-- there.
CREATE OR REPLACE FUNCTION raw._mapping_sql(
    p_stream landing.stream,
    p_target landing.stream_target,
    p_has_own_rows boolean,
    p_mapped_alone boolean DEFAULT false,
    p_keeps_before boolean DEFAULT false
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_table CONSTANT text := format('%I.%I', p_target.target_schema, p_target.target_table);
    v_entity sl.entity;
    v_lists record;
    v_key record;
    v_kept text;
    v_before text := '';
    v_restored text := 'NULL';
    v_is_kept text := '';
    v_is_new text := 'r.xmax = 0';
BEGIN
    SELECT e.* INTO v_entity
    FROM sl.entity AS e
    WHERE
        e.source_schema = p_target.target_schema
        AND e.source_table = p_target.target_table
        AND e.changes = 'stamp'
        AND e.event_time_column = 'updated_at';
    SELECT
        string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) AS plain,
        string_agg(format('k.%I', a.attname), ', ' ORDER BY a.attnum) AS of_ranked,
        string_agg(
            CASE
                WHEN a.attname = 'is_deleted' AND a.attname <> ALL (p_target.mapped_columns)
                    THEN 'm.updated_at IS NULL AS is_deleted'
                WHEN a.attname = 'is_deleted'
                    THEN 'coalesce(m.is_deleted, false) OR m.updated_at IS NULL AS is_deleted'
                WHEN a.attname = 'updated_at'
                    THEN format(
                        'coalesce(m.updated_at::timestamptz, (SELECT o.written_at FROM landing.document AS o '
                        'WHERE o.stream = %L AND o.partition = m.partition AND o.position = m.position '
                        'AND o.body IS NULL)) AS updated_at',
                        p_stream.stream
                    )
                WHEN a.attname = ANY (p_target.mapped_columns)
                    THEN format('m.%I::%s AS %1$I', a.attname, format_type(a.atttypid, a.atttypmod))
                ELSE format('NULL::%s AS %I', format_type(a.atttypid, a.atttypmod), a.attname)
            END,
            ', ' ORDER BY a.attnum
        ) AS of_mapping,
        string_agg(format('%I = excluded.%1$I', a.attname), ', ' ORDER BY a.attnum)
        FILTER (WHERE a.attname <> ALL (p_target.key_columns)) AS assigned,
        string_agg(format('r.%I', a.attname), ', ' ORDER BY a.attnum) AS of_row,
        string_agg(format('excluded.%I', a.attname), ', ' ORDER BY a.attnum) AS of_excluded
    INTO v_lists
    FROM pg_attribute AS a
    WHERE
        a.attrelid = v_table::regclass
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attgenerated = ''
        AND a.attname <> 'changed_xid';
    SELECT
        string_agg(format('%I', c.name), ', ' ORDER BY c.no) AS plain,
        string_agg(format('m.%I', c.name), ', ' ORDER BY c.no) AS of_mapping,
        string_agg(format('r.%I', c.name), ', ' ORDER BY c.no) AS of_row,
        string_agg(format('k.%I IS NULL', c.name), ' OR ' ORDER BY c.no) AS is_missing,
        string_agg(format('r.%I = k.%1$I', c.name), ' AND ' ORDER BY c.no) AS is_same,
        string_agg(format('k.%I', c.name), ', ' ORDER BY c.no) AS of_ranked,
        string_agg(format('w.%I', c.name), ', ' ORDER BY c.no) AS of_written,
        string_agg(format('r.%I = w.%1$I', c.name), ' AND ' ORDER BY c.no) AS is_overwritten,
        string_agg(format('p.%I = r.%1$I', c.name), ' AND ' ORDER BY c.no) AS is_previous
    INTO v_key
    FROM unnest(p_target.key_columns) WITH ORDINALITY AS c (name, no);

    -- The server does not tell xmax of a partitioned table's rows. The subquery sees the table as it was before, so that
    -- a row counts as inserted, too, where another session has inserted it meanwhile.
    IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = v_table::regclass AND c.relkind = 'p') THEN
        v_is_new := format('NOT EXISTS (SELECT FROM %s AS p WHERE %s)', v_table, v_key.is_previous);
    END IF;
    IF p_mapped_alone THEN
        RETURN format(
            'WITH document AS (%s) SELECT count(m.*) FROM (SELECT %s FROM (%s) AS m) AS m',
            raw._document_rows(p_stream), v_lists.of_mapping, p_target.mapping
        );
    END IF;
    IF v_entity.entity_name IS NULL THEN
        v_kept := 'SELECT FROM ranked AS k WHERE false';
    ELSE
        v_kept := sl._keep_states_sql(
            v_entity,
            CASE
                WHEN p_has_own_rows THEN format(
                    $sql$
                    SELECT %1$s
                    FROM written AS w
                    INNER JOIN %2$s AS r ON %3$s AND r.changed_xid = pg_current_xact_id()::text::bigint
                    UNION ALL
                    $sql$,
                    v_lists.of_row, v_table, v_key.is_overwritten
                )
                ELSE ''
            END
            || format(
                $sql$
                SELECT %1$s
                FROM ranked AS k
                WHERE
                    NOT k.is_newest
                    AND (SELECT n.rows FROM written_rows AS n) > -1
                    AND (SELECT n.bad FROM ranked_rows AS n) = 0
                UNION ALL
                SELECT %1$s
                FROM ranked AS k
                WHERE
                    k.is_newest
                    AND (SELECT n.rows FROM written_rows AS n) < (SELECT n.newest FROM ranked_rows AS n)
                    AND (SELECT n.bad FROM ranked_rows AS n) = 0
                    -- Hashed, however few rows the planner expects.
                    AND (%2$s) NOT IN (SELECT %6$s FROM written AS w)
                    AND NOT EXISTS (SELECT FROM %3$s AS r WHERE %4$s AND (%5$s) IS NOT DISTINCT FROM (%1$s))
                $sql$,
                v_lists.of_ranked, v_key.of_ranked, v_table, v_key.is_same, v_lists.of_row, v_key.of_written
            )
        )
        || ' RETURNING 1';
        IF
            p_keeps_before
            AND NOT EXISTS (
                SELECT FROM pg_trigger AS t
                WHERE
                    (
                        t.tgrelid = v_table::regclass
                        OR t.tgrelid IN (SELECT p.relid FROM pg_partition_tree(v_table::regclass) AS p)
                    )
                    AND t.tgenabled <> 'D'
                    -- FOR EACH ROW, BEFORE; of INSERT or of UPDATE.
                    AND t.tgtype & 3 = 3
                    AND t.tgtype & 20 <> 0
                    AND t.tgname NOT IN ('sl_stamp', 'sl_stamp_key')
            )
        THEN
            v_before := format(
                $sql$
                loads AS MATERIALIZED (
                    SELECT sl._read_below(%1$L, %2$L) AS read_below
                ),
                overwritten AS (
                    INSERT INTO sl.kept_state (entity_name, changed_xid, kept_at, state)
                    SELECT %1$L, o.changed_xid, clock_timestamp(), to_jsonb(o.*)
                    FROM ranked AS k
                    CROSS JOIN LATERAL (
                        SELECT r.*
                        FROM %3$s AS r
                        WHERE
                            %4$s
                            AND r.changed_xid >= (SELECT l.read_below FROM loads AS l)
                            AND r.changed_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                            AND k.updated_at >= r.updated_at
                            AND (%5$s) IS DISTINCT FROM (%6$s)
                        FOR NO KEY UPDATE
                    ) AS o
                    WHERE k.is_newest AND (SELECT n.bad FROM ranked_rows AS n) = 0
                    RETURNING 1
                ),
                overwritten_rows AS (
                    SELECT
                        count(*) AS rows,
                        set_config(
                            %2$L,
                            greatest(
                                (SELECT l.read_below FROM loads AS l),
                                pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                            )::text,
                            true
                        ) AS setting
                    FROM overwritten AS o
                ),
                $sql$,
                v_entity.entity_name, sl._read_setting(v_entity.entity_name), v_table, v_key.is_same, v_lists.of_row,
                v_lists.of_ranked
            );
            v_is_kept := ' AND (SELECT n.setting FROM overwritten_rows AS n WHERE n.rows > -1) IS NOT NULL';
            v_restored := format(
                '(SELECT set_config(%L, l.read_below::text, true) FROM loads AS l)',
                sl._read_setting(v_entity.entity_name)
            );
        END IF;
    END IF;
    RETURN format(
        $sql$
        WITH document AS (%1$s),
        mapped AS (SELECT m.partition, m.position, %2$s FROM (%3$s) AS m),
        ranked AS MATERIALIZED (
            SELECT
                m.*,
                lead(m.position) OVER (
                    PARTITION BY %4$s ORDER BY m.updated_at, m.partition, m.position
                ) IS NULL AS is_newest
            FROM mapped AS m
        ),
        -- One pass over all rows; a second one only where there are bad ones.
        ranked_rows AS (
            SELECT
                count(*) AS rows,
                count(*) FILTER (WHERE k.is_newest) AS newest,
                count(*) FILTER (WHERE %5$s) AS bad
            FROM ranked AS k
        ),
        bad AS (
            SELECT
                array_agg(k.partition ORDER BY k.partition, k.position) AS partitions,
                array_agg(k.position ORDER BY k.partition, k.position) AS positions,
                array_agg(k.reason ORDER BY k.partition, k.position) AS reasons
            FROM (
                SELECT DISTINCT ON (k.partition, k.position)
                    k.partition,
                    k.position,
                    CASE WHEN %6$s THEN %7$L WHEN k.updated_at IS NULL THEN %8$L ELSE %17$L END AS reason
                FROM ranked AS k
                WHERE (SELECT n.bad FROM ranked_rows AS n) > 0 AND (%5$s)
                ORDER BY k.partition, k.position
            ) AS k
        ),
        %19$s
        written AS (
            INSERT INTO %9$s AS r (%10$s)
            SELECT %11$s
            FROM ranked AS k
            WHERE k.is_newest AND (SELECT n.bad FROM ranked_rows AS n) = 0%20$s
            ON CONFLICT (%12$s) DO UPDATE
            SET %13$s
            WHERE excluded.updated_at >= r.updated_at AND (%14$s) IS DISTINCT FROM (%15$s)
            RETURNING %16$s, %22$s AS is_new, r.is_deleted
        ),
        written_rows AS (
            SELECT
                count(*) AS rows,
                count(*) FILTER (WHERE w.is_new AND NOT w.is_deleted) AS inserted,
                count(*) FILTER (WHERE NOT w.is_new AND NOT w.is_deleted) AS updated,
                count(*) FILTER (WHERE w.is_deleted) AS deleted
            FROM written AS w
        ),
        kept AS (%18$s)
        SELECT
            ARRAY[
                (SELECT n.rows FROM ranked_rows AS n), w.inserted, w.updated, w.deleted, (SELECT count(*) FROM kept)
            ] AS counts,
            b.partitions AS bad_partitions,
            b.positions AS bad_positions,
            b.reasons,
            %21$s
        FROM written_rows AS w
        CROSS JOIN bad AS b
        $sql$,
        raw._document_rows(p_stream),
        v_lists.of_mapping,
        p_target.mapping,
        v_key.of_mapping,
        v_key.is_missing || ' OR k.updated_at IS NULL OR NOT isfinite(k.updated_at)',
        v_key.is_missing,
        format('To %s: the message gives no %s', v_table, array_to_string(p_target.key_columns, ', ')),
        format('To %s: the message gives no updated_at', v_table),
        v_table,
        v_lists.plain,
        v_lists.of_ranked,
        v_key.plain,
        v_lists.assigned,
        v_lists.of_row,
        v_lists.of_excluded,
        v_key.of_row,
        format('To %s: the message gives an updated_at without end', v_table),
        v_kept,
        v_before,
        v_is_kept,
        v_restored,
        v_is_new
    );
END;
$body$;

COMMENT ON FUNCTION raw._mapping_sql IS 'Writes the statement that brings documents into a table into dynamic SQL';
