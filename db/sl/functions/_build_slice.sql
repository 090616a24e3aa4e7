-- sl._build_slice(p_mart text) RETURNS boolean
--
-- Purpose: the part of sl.backfill that is one transaction of a mart: brings the rows of the next slice up to their
--     images, or finishes the backfill where no slice is left.
-- Parameters: p_mart: name in sl.mart.
-- Returns: whether there was a slice.
-- Errors: TS001 another run on the mart is in progress; TS002 the mart is not declared; TS005 another session holds a
--     lock for longer than lock_timeout.
-- Reads: sl.mart, and as sl._collect_keys. Writes: the mart (sl._write_mart), sl.run, sl.backfill_slice, and as
--     sl._finish_backfill.
--
-- A slice takes the target's lock for itself alone before it is given a run's number: who reads a mart by run_id goes
-- on after the greatest that it has seen, so the runs on a mart commit in the order of their numbers. No merge joins:
-- one would read an index of all keys from its start to the slice.
CREATE OR REPLACE FUNCTION sl._build_slice(p_mart text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
SET enable_mergejoin = off
AS $body$
DECLARE
    c_procedure CONSTANT text := 'sl.backfill';
    v_mart sl.mart := sl._mart_of(p_mart);
    v_target CONSTANT text := format('%I.%I', v_mart.target_schema, v_mart.target_table);
    v_slice sl.backfill_slice := sl._next_slice(v_target);
    v_run_id bigint;
    v_done record;
    v_context text;
BEGIN
    IF v_slice.slice_no IS NULL THEN
        PERFORM sl._finish_backfill(c_procedure, v_target);
        RETURN false;
    END IF;
    PERFORM sl._bound_lock_wait();
    BEGIN
        v_run_id := sl._begin_run(c_procedure, v_target, p_wait_for_lock => true);
        PERFORM sl._collect_keys(v_mart, NULL, v_slice);
        v_done := sl._write_mart(v_mart, v_run_id);
        PERFORM sl._finish_run(
            v_run_id, v_done.rows_read, v_done.rows_inserted, v_done.rows_corrected, v_done.rows_deleted,
            v_done.rows_unchanged, 0, true
        );
        PERFORM sl._finish_slice(v_slice, v_run_id, NULL);
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(c_procedure, v_context);
    END;
    RETURN true;
END;
$body$;

COMMENT ON FUNCTION sl._build_slice IS 'Brings the next slice of a mart''s backfill up to its images, or finishes it';
