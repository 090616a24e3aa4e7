-- raw._finish_documents(p_procedure text, p_stream text, p_run_id bigint, p_documents bigint, p_counts bigint[],
--     p_rejected bigint, p_began_at timestamptz) RETURNS void
--
-- Purpose: adds a call's counts to its run, and says them in one NOTICE.
-- Parameters: p_procedure, p_stream: as of raw._run_of_stream; p_run_id: the run, NULL where nothing was to be done;
--     p_documents: how many were looked at; p_counts: rows mapped, inserted, updated, deleted, put aside; p_rejected:
--     documents; p_began_at: when the call began.
-- Returns: nothing.
-- Errors: none.
-- Reads: sl.run. Writes: sl.run.
CREATE OR REPLACE FUNCTION raw._finish_documents(
    p_procedure text,
    p_stream text,
    p_run_id bigint,
    p_documents bigint,
    p_counts bigint[],
    p_rejected bigint,
    p_began_at timestamptz
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_unchanged CONSTANT bigint := p_counts[1] - p_counts[2] - p_counts[3] - p_counts[4];
BEGIN
    IF p_run_id IS NULL THEN
        RAISE NOTICE '%: no document of % waits', p_procedure, p_stream;
        RETURN;
    END IF;
    UPDATE sl.run AS r
    SET
        status = 'succeeded',
        finished_at = greatest(clock_timestamp(), r.started_at),
        end_no = nextval('sl.run_end'),
        rows_read = r.rows_read + p_counts[1] + p_rejected,
        rows_inserted = r.rows_inserted + p_counts[2],
        rows_corrected = r.rows_corrected + p_counts[3],
        rows_deleted = r.rows_deleted + p_counts[4],
        rows_unchanged = r.rows_unchanged + v_unchanged,
        rows_rejected = r.rows_rejected + p_rejected
    WHERE r.run_id = p_run_id;
    RAISE NOTICE '%: run % applied % documents of % in % s: % rows inserted, % updated, % deleted, % unchanged, % states put aside; % documents rejected',
        p_procedure, p_run_id, p_documents, p_stream,
        round(extract(EPOCH FROM clock_timestamp() - p_began_at), 3),
        p_counts[2], p_counts[3], p_counts[4], v_unchanged, p_counts[5], p_rejected;
END;
$body$;

COMMENT ON FUNCTION raw._finish_documents IS 'Adds a call''s counts to its run, and says them in one NOTICE';
