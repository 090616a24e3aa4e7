-- sl._build_kept_groups(p_mart sl.mart, p_run_id bigint) RETURNS bigint
--
-- Purpose: brings a mart up to what a run on one of its sources has written over: the groups that depended on it before
--     (sl._keep_groups), and those that do now.
-- Parameters: p_mart: registry row; p_run_id: the run.
-- Returns: the build's run, NULL where it has changed nothing.
-- Errors: 23502 and 23505 as of sl._build.
-- Reads: as sl._collect_keys. Writes: the mart (sl._write_mart), sl.run, and as sl._note_processed.
CREATE OR REPLACE FUNCTION sl._build_kept_groups(p_mart sl.mart, p_run_id bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_kept CONSTANT text := 'pg_temp.' || quote_ident('_sl_kept_' || p_mart.mart_name);
    v_build_id bigint;
    v_done record;
BEGIN
    v_build_id := sl._begin_run(sl._build_name(p_mart), format('%I.%I', p_mart.target_schema, p_mart.target_table));
    IF p_mart.touched_function IS NULL THEN
        PERFORM sl._collect_keys(p_mart, NULL);
    ELSE
        PERFORM sl._collect_keys(p_mart, ARRAY[p_run_id], p_more_groups => v_kept);
        EXECUTE 'DROP TABLE ' || v_kept;
    END IF;
    v_done := sl._write_mart(p_mart, v_build_id);
    PERFORM sl._finish_run(
        v_build_id, v_done.rows_read, v_done.rows_inserted, v_done.rows_corrected, v_done.rows_deleted,
        v_done.rows_unchanged, 0, p_mart.touched_function IS NULL
    );
    PERFORM sl._note_processed(p_mart.mart_name, ARRAY[p_run_id], v_build_id);
    RETURN CASE WHEN v_done.rows_unchanged < v_done.rows_read THEN v_build_id END;
END;
$body$;

COMMENT ON FUNCTION sl._build_kept_groups IS 'Brings a mart up to what a run on one of its sources has written over';
