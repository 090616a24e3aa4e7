-- raw._run_of_stream(p_procedure text, p_stream text) RETURNS bigint
--
-- Purpose: the run that a call on a stream counts in: that of a call within the last minute that no audit has read, or
--     a new one.
-- Parameters: p_procedure: name of the running procedure; p_stream: name in landing.stream, whose lock the caller
--     holds.
-- Returns: the run's id.
-- Errors: TS001 as of sl._begin_run.
-- Reads: sl.run. Writes: sl.run.
CREATE OR REPLACE FUNCTION raw._run_of_stream(p_procedure text, p_stream text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_target CONSTANT text := 'stream ' || p_stream;
    v_run sl.run;
BEGIN
    SELECT r.* INTO v_run FROM sl.run AS r WHERE r.target = c_target ORDER BY r.started_at DESC LIMIT 1;
    IF
        v_run.procedure_name = p_procedure
        AND v_run.status = 'succeeded'
        AND v_run.audited_by IS NULL
        AND v_run.called_by = session_user
        AND v_run.started_at > clock_timestamp() - interval '1 minute'
    THEN
        RETURN v_run.run_id;
    END IF;
    RETURN sl._begin_run(p_procedure, c_target);
END;
$body$;

COMMENT ON FUNCTION raw._run_of_stream IS 'The run that a call on a stream counts in';
