-- sl._purge_pages(p_entity text, p_before timestamptz, p_pages bigint, INOUT rows_purged bigint, INOUT rows_kept
--     bigint, INOUT next_page bigint)
--
-- Purpose: one transaction of sl.purge: takes old rows out of some pages of an entity's source.
-- Parameters: p_entity, p_before, p_pages: as of sl.purge; rows_purged, rows_kept: what the transactions before have
--     done, NULL where there were none; next_page: the first page to look at, NULL: the first one of all.
-- Returns: rows_purged, rows_kept: these and what it has done itself; next_page: where to resume, NULL where nothing
--     is left.
-- Errors: as of sl.purge, except 2D000.
-- Reads: sl.entity, sl.watermark, sl.rejected_row, the tables that refer to the source. Writes: the source; at the end
--     a row of sl.run, which counts the purged rows as unchanged.
--
-- A row is found by its place: the source is read once, whatever indexes it has. Of a partitioned source each
-- partition has a page of a number. A row that is written to while it is purged is judged again, and stays: no load
-- has read it.
CREATE OR REPLACE PROCEDURE sl._purge_pages(
    p_entity text,
    p_before timestamptz,
    p_pages bigint,
    INOUT rows_purged bigint,
    INOUT rows_kept bigint,
    INOUT next_page bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- The text of a key is the same in every session.
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_source CONSTANT text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
    v_wrong text;
    v_places jsonb;
    v_last_page bigint;
    v_referring text [];
    v_unreferred text;
    v_rows bigint;
    v_run_id bigint;
    v_context text;
BEGIN
    PERFORM sl._check_source(v_entity, false);
    v_wrong := CASE
        WHEN v_entity.changes = 'scan'
            THEN format('entity "%s" is compared whole: what its source lacks was deleted', p_entity)
        WHEN v_entity.event_time_column IS NULL
            THEN format('entity "%s" has no event time that p_before could be compared with', p_entity)
        WHEN p_before IS NULL OR p_before > clock_timestamp()
            THEN format('p_before is %s', coalesce(p_before::text, 'NULL'))
        WHEN p_pages IS NULL OR p_pages < 1 THEN format('p_pages is %s', coalesce(p_pages::text, 'NULL'))
        WHEN next_page NOT BETWEEN 0 AND 4294967295 THEN format('next_page is %s', next_page)
    END;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sl.purge: %s', v_wrong),
            HINT = CASE
                WHEN v_entity.changes = 'scan' OR v_entity.event_time_column IS NULL
                    THEN 'Only a source with changed_xid (p_changes => ''stamp'') and an event time can be purged.'
                ELSE 'Give a time that is past, and a number of pages above zero.'
            END;
    END IF;
    PERFORM sl._bound_lock_wait();
    rows_purged := coalesce(rows_purged, 0);
    rows_kept := coalesce(rows_kept, 0);
    next_page := coalesce(next_page, 0);
    v_last_page := (
        SELECT max(pg_relation_size(t.relid) / current_setting('block_size')::bigint) - 1
        FROM (
            SELECT v_source::regclass AS relid
            UNION ALL
            SELECT p.relid FROM pg_partition_tree(v_source::regclass) AS p
        ) AS t
    );
    v_places := jsonb_build_object(
        'old', sl._sql(
            v_entity,
            's.ctid >= {{from}}::tid AND s.ctid < {{to}}::tid AND {{time}} < {{before}}',
            jsonb_build_object(
                'from', quote_literal(format('(%s,0)', next_page)),
                'to', quote_literal(format('(%s,0)', least(next_page + p_pages, 4294967295))),
                'time', sl._event_time(v_entity, 's', false),
                'before', format('%L::timestamptz', p_before)
            )
        ),
        'key_text', sl._key_text(v_entity, 's'),
        'read_below', coalesce(
            (
                SELECT w.snapshot_xmin
                FROM sl.watermark AS w
                WHERE
                    w.target = format('%I.%I', v_entity.target_schema, v_entity.target_table)
                    AND w.source = v_source
                    AND w.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
            ),
            0
        )
    );

    SELECT
        array_agg(DISTINCT f.referring),
        string_agg(
            format(' AND NOT EXISTS (SELECT FROM %s AS r WHERE %s)', f.referring, f.refers), ''
            ORDER BY f.referring, f.refers
        )
    INTO v_referring, v_unreferred
    FROM (
        SELECT
            format('%I.%I', n.nspname, o.relname) AS referring,
            (
                SELECT string_agg(format('r.%I = s.%I', d.attname, b.attname), ' AND ' ORDER BY k.position)
                FROM unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (from_no, to_no, position)
                INNER JOIN pg_attribute AS d ON d.attrelid = c.conrelid AND d.attnum = k.from_no
                INNER JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.to_no
            ) AS refers
        FROM pg_constraint AS c
        INNER JOIN pg_class AS o ON o.oid = c.conrelid
        INNER JOIN pg_namespace AS n ON n.oid = o.relnamespace
        -- Of a partitioned table each partition has a constraint that belongs to that of the whole.
        WHERE
            c.contype = 'f'
            AND c.conparentid = 0
            AND (
                c.confrelid = v_source::regclass
                OR c.confrelid IN (SELECT p.relid FROM pg_partition_tree(v_source::regclass) AS p)
            )
    ) AS f;

    BEGIN
        PERFORM set_config('sl.purging', p_entity, true);
        EXECUTE sl._sql(
            v_entity,
            $sql$
            DELETE FROM {{source}} AS s
            WHERE
                {{old}}
                AND s.changed_xid < {{read_below}}
                AND {{key_text}} NOT IN (
                    SELECT j.entity_key
                    FROM sl.rejected_row AS j
                    WHERE j.entity_name = {{name}} AND j.resolved_run_id IS NULL
                )
                {{unreferred}}
            $sql$,
            v_places || jsonb_build_object('unreferred', coalesce(v_unreferred, ''))
        );
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        rows_purged := rows_purged + v_rows;
        PERFORM set_config('sl.purging', '', true);
        EXECUTE sl._sql(v_entity, 'SELECT count(*) FROM {{source}} AS s WHERE {{old}}', v_places) INTO v_rows;
        rows_kept := rows_kept + v_rows;

        next_page := CASE WHEN next_page + p_pages <= v_last_page THEN next_page + p_pages END;
        IF next_page IS NOT NULL THEN
            RAISE NOTICE 'sl.purge: %: % of % pages looked at, % rows purged, % older ones stay',
                v_source, next_page, v_last_page + 1, rows_purged, rows_kept;
            RETURN;
        END IF;
        v_run_id := sl._begin_run('sl.purge', v_source);
        UPDATE sl.run AS r
        SET
            status = 'succeeded',
            finished_at = greatest(clock_timestamp(), r.started_at),
            end_no = nextval('sl.run_end'),
            rows_read = rows_purged,
            rows_unchanged = rows_purged
        WHERE r.run_id = v_run_id;
        RAISE NOTICE 'sl.purge: run %: % rows of % purged; % older ones stay, which no load has read or whose '
            'rejection is open%',
            v_run_id, rows_purged, v_source, rows_kept,
            coalesce(', or which rows of ' || array_to_string(v_referring, ', ') || ' refer to: purge these first', '');
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout('sl.purge', v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE sl._purge_pages IS 'One transaction of sl.purge: takes old rows out of some pages of a source';
