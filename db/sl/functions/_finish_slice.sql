-- sl._finish_slice(p_slice sl.backfill_slice, p_run_id bigint, p_high timestamptz, p_deleted bigint DEFAULT NULL,
--     p_changed bigint DEFAULT NULL) RETURNS void
--
-- Purpose: notes that a run has done a slice, and says in one NOTICE how far the backfill is.
-- Parameters: p_slice: the slice; p_run_id: the run, finished; p_high: greatest update time it has read, NULL where
--     that is not known; p_deleted, p_changed: what sl._load_entity judges an unlikely load by, NULL: it is not judged.
-- Returns: nothing.
-- Errors: none.
-- Reads: sl.status_backfill. Writes: sl.backfill_slice.
CREATE OR REPLACE FUNCTION sl._finish_slice(
    p_slice sl.backfill_slice,
    p_run_id bigint,
    p_high timestamptz,
    p_deleted bigint DEFAULT NULL,
    p_changed bigint DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_status record;
BEGIN
    UPDATE sl.backfill_slice AS s
    SET run_id = p_run_id, high_updated_at = p_high, rows_deleted = p_deleted, rows_changed = p_changed
    WHERE s.target = p_slice.target AND s.slice_no = p_slice.slice_no;

    SELECT b.* INTO v_status FROM sl.status_backfill AS b WHERE b.target = p_slice.target;
    RAISE NOTICE '%: slice % is done: % of % slices, % rows, % rows/s, % left',
        p_slice.target, p_slice.slice_no, v_status.slices_done, v_status.slices, v_status.rows_read,
        v_status.rows_per_second, make_interval(secs => v_status.seconds_left);
END;
$body$;

COMMENT ON FUNCTION sl._finish_slice IS 'Notes that a run has done a slice, and says how far the backfill is';
