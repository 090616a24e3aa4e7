-- sl._begin_backfill(p_procedure text, p_target text, p_sources text[], p_table text, p_key text[], p_slice_rows
--     bigint) RETURNS void
--
-- Purpose: begins a first load or rebuild in slices: notes what it will have read when it is done, and cuts the slices.
--     Where one of the target has begun and is not finished, that one is resumed, in the slices it has.
-- Parameters: p_procedure: who begins; p_target: schema-qualified table; p_sources: the tables it is made from, as in
--     sl.watermark; p_table, p_key: the table by whose rows the slices are cut, and the columns of its key;
--     p_slice_rows: rows a slice.
-- Returns: nothing.
-- Errors: 22023 p_slice_rows is not above zero; TS001 a run on the target is in progress; TS005 another session holds a
--     lock for longer than lock_timeout.
-- Reads: sl.entity, sl.watermark, sl.run, p_table (the index of its key, whole). Writes: sl.backfill,
--     sl.backfill_slice.
--
-- What is promised is read before the slices are cut. The slices cover all keys there can be, so that no row is passed
-- over, whenever it comes. Of two sessions that begin at once one does, and the other waits for it, however long the
-- cutting takes, and resumes it. A key's text is the same in every session, whatever its settings.
CREATE OR REPLACE FUNCTION sl._begin_backfill(
    p_procedure text,
    p_target text,
    p_sources text[],
    p_table text,
    p_key text[],
    p_slice_rows bigint
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $body$
DECLARE
    v_slices bigint;
    v_lock_timeout text;
    v_is_begun boolean;
    v_context text;
BEGIN
    IF p_slice_rows IS NULL OR p_slice_rows <= 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('%s: p_slice_rows is %s', p_procedure, coalesce(p_slice_rows::text, 'NULL')),
            HINT = 'Give the number of rows that one transaction is to take, such as 500000.';
    END IF;
    PERFORM sl._bound_lock_wait();
    BEGIN
        v_lock_timeout := current_setting('lock_timeout');
        PERFORM set_config('lock_timeout', '0', true);
        INSERT INTO sl.backfill AS b (target, promised, consumes)
        SELECT
            p_target,
            jsonb_agg(
                jsonb_build_object(
                    'source', s.source,
                    'high_updated_at', (SELECT max(w.high_updated_at) FROM sl.watermark AS w WHERE w.target = s.source),
                    'snapshot_xmin', pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                    'rules_version', (
                        SELECT e.rules_version
                        FROM sl.entity AS e
                        WHERE format('%I.%I', e.target_schema, e.target_table) = p_target
                    )
                )
            ),
            ARRAY(
                SELECT r.run_id
                FROM sl.run AS r
                WHERE r.target = ANY (p_sources) AND r.status = 'succeeded' AND r.consumed_by IS NULL
            )
        FROM unnest(p_sources) AS s (source)
        ON CONFLICT (target) DO UPDATE
        SET
            promised = excluded.promised,
            consumes = excluded.consumes,
            system_identifier = excluded.system_identifier,
            started_at = excluded.started_at,
            finished_at = NULL
        WHERE b.finished_at IS NOT NULL OR b.system_identifier <> excluded.system_identifier;
        v_is_begun := FOUND;
        PERFORM set_config('lock_timeout', v_lock_timeout, true);
        IF NOT v_is_begun THEN
            RAISE NOTICE '%: resumes the backfill of % that is not finished', p_procedure, p_target;
            RETURN;
        END IF;
        PERFORM sl._lock_target(p_procedure, p_target, p_wait_for_lock => true);

        -- The slices are read by these.
        EXECUTE format('ANALYZE %s', p_table);
        DELETE FROM sl.backfill_slice AS s WHERE s.target = p_target;
        EXECUTE format(
            $sql$
            INSERT INTO sl.backfill_slice (target, slice_no, key_from, key_to)
            SELECT
                $1,
                row_number() OVER w,
                CASE WHEN r.place > 0 THEN %3$s END,
                lead(%3$s) OVER w
            FROM (SELECT %1$s, row_number() OVER (ORDER BY %1$s) - 1 AS place FROM %2$s) AS r
            WHERE r.place %% $2 = 0
            WINDOW w AS (ORDER BY r.place)
            $sql$,
            sl._column_list(p_key, '%'), p_table,
            CASE
                WHEN cardinality(p_key) = 1 THEN sl._column_list(p_key, 'r.%::text')
                ELSE format('jsonb_build_array(%s)::text', sl._column_list(p_key, 'r.%::text'))
            END
        )
        USING p_target, p_slice_rows;
        GET DIAGNOSTICS v_slices = ROW_COUNT;
        IF v_slices = 0 THEN
            INSERT INTO sl.backfill_slice (target, slice_no) VALUES (p_target, 1);
            v_slices := 1;
        END IF;
        RAISE NOTICE '%: begins a backfill of % in % slices', p_procedure, p_target, v_slices;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(p_procedure, v_context);
    END;
END;
$body$;

COMMENT ON FUNCTION sl._begin_backfill IS 'Begins a first load or rebuild in slices, or resumes one';
