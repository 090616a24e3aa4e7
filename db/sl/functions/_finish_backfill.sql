-- sl._finish_backfill(p_procedure text, p_target text) RETURNS void
--
-- Purpose: finishes a backfill whose slices are all done: from here on, what it has read counts as read.
-- Parameters: p_procedure: who finishes; p_target: schema-qualified table.
-- Returns: nothing. Where slices are still in other sessions' hands it changes nothing: the last of these finishes.
-- Errors: TS001 a run on the target is in progress; TS005 another session holds a lock for longer than lock_timeout.
-- Reads: sl.backfill_slice. Writes: sl.watermark, sl.entity, sl.backfill, and as sl._note_processed.
--
-- Each session comes here when it finds no slice to take, after its own last one has committed: so of several the last
-- one sees that all are done. A watermark that an ordinary run has set meanwhile is not set back: it promises more.
CREATE OR REPLACE FUNCTION sl._finish_backfill(p_procedure text, p_target text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_backfill sl.backfill;
    v_done record;
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        SELECT b.*
        INTO v_backfill
        FROM sl.backfill AS b
        WHERE
            b.target = p_target
            AND b.finished_at IS NULL
            AND b.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
        FOR UPDATE;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        SELECT
            count(*) AS slices,
            bool_and(s.run_id IS NOT NULL) AS are_all,
            max(s.run_id) AS last_run_id,
            max(s.high_updated_at) AS high_updated_at
        INTO v_done
        FROM sl.backfill_slice AS s
        WHERE s.target = p_target;
        IF NOT v_done.are_all THEN
            RAISE NOTICE '%: the last slices of % are in other sessions'' hands', p_procedure, p_target;
            RETURN;
        END IF;
        PERFORM sl._lock_target(p_procedure, p_target, p_wait_for_lock => true);

        -- What comes next, a mart's build first of all, plans by these.
        EXECUTE format('ANALYZE %s', p_target);
        PERFORM sl._note_processed(m.mart_name, v_backfill.consumes, v_done.last_run_id)
        FROM sl.mart AS m
        WHERE format('%I.%I', m.target_schema, m.target_table) = p_target;
        PERFORM sl._write_watermark(
            p_target,
            p.source,
            greatest(p.high_updated_at, v_done.high_updated_at),
            greatest(p.snapshot_xmin, w.snapshot_xmin),
            v_done.last_run_id
        )
        FROM jsonb_to_recordset(v_backfill.promised) AS p (
            source text, high_updated_at timestamptz, snapshot_xmin bigint
        )
        LEFT JOIN sl.watermark AS w
            ON w.target = p_target AND w.source = p.source AND w.system_identifier = v_backfill.system_identifier;
        UPDATE sl.entity AS e
        SET judged_version = p.rules_version
        FROM jsonb_to_recordset(v_backfill.promised) AS p (rules_version bigint)
        WHERE format('%I.%I', e.target_schema, e.target_table) = p_target AND e.judged_version < p.rules_version;
        UPDATE sl.backfill AS b SET finished_at = clock_timestamp() WHERE b.target = p_target;
        RAISE NOTICE '%: the backfill of % is finished: % slices', p_procedure, p_target, v_done.slices;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(p_procedure, v_context);
    END;
END;
$body$;

COMMENT ON FUNCTION sl._finish_backfill IS 'Finishes a backfill whose slices are all done';
