-- sl._build(p_mart text, p_full boolean, INOUT run_id, rows_read, rows_inserted, rows_corrected, rows_deleted,
--     rows_unchanged, rows_rejected bigint)
--
-- Purpose: brings a mart up to its sources: the rows that depend on what loads wrote which no build has processed. A
--     new version is written only where the image differs.
-- Parameters: p_mart: name in sl.mart; p_full: compare every row.
-- Returns: run_id, rows_read (keys looked at), rows_inserted (first versions, and keys that came back), rows_corrected
--     (a new version in place of another), rows_deleted, rows_unchanged, rows_rejected (always 0).
-- Errors: TS001 another run on the mart is in progress; TS002 the mart is not declared; TS003 the image has no column
--     of the key, or the target lacks one of the image's; TS005 another session holds a lock for longer than
--     lock_timeout; 23505 the image has several rows of one key; 23502 it has a NULL in the key, or in a column of the
--     target that takes none.
-- Reads: sl.mart, sl.run, sl.watermark, and as sl._is_build_full and sl._collect_keys. Writes: the mart
--     (sl._write_mart), sl.run and sl.consumption (what it has processed), sl.watermark.
--
-- Versions are in knowledge time: valid_from is the run's clock (sl.run.started_at), so that
-- WHERE valid_from <= T AND T < valid_to gives what was reported at T.
-- What is new is told by sl._loads_to_process: a load that began earlier and commits later than a build is processed by
-- the next one. What a load noted in sl.changed_period stays for the audit. An image means the same in every session,
-- whatever its settings.
CREATE OR REPLACE PROCEDURE sl._build(
    p_mart text,
    p_full boolean,
    INOUT run_id bigint,
    INOUT rows_read bigint,
    INOUT rows_inserted bigint,
    INOUT rows_corrected bigint,
    INOUT rows_deleted bigint,
    INOUT rows_unchanged bigint,
    INOUT rows_rejected bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_mart sl.mart := sl._mart_of(p_mart);
    v_target CONSTANT text := format('%I.%I', v_mart.target_schema, v_mart.target_table);
    v_procedure CONSTANT text := sl._build_name(v_mart);
    v_run_id bigint;
    v_full boolean;
    v_new_runs bigint [];
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        v_run_id := sl._begin_run(v_procedure, v_target);
        -- Read again under the target's lock: its last holder may have declared the mart again.
        v_mart := sl._mart_of(p_mart);
        PERFORM sl._check_image(v_mart);

        v_new_runs := sl._loads_to_process(p_mart);
        v_full := p_full OR sl._is_build_full(v_mart, v_new_runs);
        IF v_full OR (v_new_runs <> '{}' AND v_mart.touched_function IS NOT NULL) THEN
            PERFORM sl._collect_keys(v_mart, CASE WHEN NOT v_full THEN v_new_runs END);
            SELECT w.* INTO rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged
            FROM sl._write_mart(v_mart, v_run_id) AS w;
        ELSE
            rows_read := 0;
            rows_inserted := 0;
            rows_corrected := 0;
            rows_deleted := 0;
            rows_unchanged := 0;
        END IF;
        rows_rejected := 0;

        PERFORM sl._note_processed(p_mart, v_new_runs, v_run_id);
        PERFORM sl._write_watermark(
            v_target, w.target, w.high_updated_at, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, v_run_id
        )
        FROM sl.watermark AS w
        WHERE w.target = ANY (sl._mart_sources(v_mart));

        run_id := v_run_id;
        PERFORM sl._finish_run(
            run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected, v_full
        );
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(v_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE sl._build IS 'Brings a mart up to its sources; a new version only where the image differs';
