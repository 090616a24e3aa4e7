-- sl._finish_run(p_run_id bigint, p_read .. p_rejected bigint, p_full boolean) RETURNS void
--
-- Purpose: closes a run with its counts and says them in one NOTICE.
-- Parameters: p_run_id: the run; p_read, p_inserted, p_corrected, p_deleted, p_unchanged, p_rejected: rows;
--     p_full: whether every source row was compared.
-- Returns: nothing.
-- Errors: 23514 the outcomes do not add up to the rows read (constraint run_counts_add_up): a defect of the caller.
-- Reads: sl.run. Writes: sl.run.
CREATE OR REPLACE FUNCTION sl._finish_run(
    p_run_id bigint,
    p_read bigint,
    p_inserted bigint,
    p_corrected bigint,
    p_deleted bigint,
    p_unchanged bigint,
    p_rejected bigint,
    p_full boolean
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_procedure text;
    v_seconds numeric;
BEGIN
    UPDATE sl.run
    SET
        status = 'succeeded',
        is_full = p_full,
        finished_at = greatest(clock_timestamp(), started_at),
        end_no = nextval('sl.run_end'),
        rows_read = p_read,
        rows_inserted = p_inserted,
        rows_corrected = p_corrected,
        rows_deleted = p_deleted,
        rows_unchanged = p_unchanged,
        rows_rejected = p_rejected
    WHERE run_id = p_run_id
    RETURNING procedure_name, round(extract(EPOCH FROM finished_at - started_at), 3)
    INTO v_procedure, v_seconds;

    RAISE NOTICE '%: run % read % rows in % s: % inserted, % corrected, % deleted, % unchanged, % rejected',
        v_procedure, p_run_id, p_read, v_seconds, p_inserted, p_corrected, p_deleted, p_unchanged, p_rejected;
END;
$body$;

COMMENT ON FUNCTION sl._finish_run IS 'Closes a run with its counts and says them in one NOTICE';
