-- sl._note_processed(p_mart text, p_runs bigint[], p_build bigint) RETURNS void
--
-- Purpose: notes that a build of a mart has processed loads.
-- Parameters: p_mart: name in sl.mart; p_runs: the loads; p_build: the build's run.
-- Returns: nothing.
-- Errors: none.
-- Reads: sl.mart, sl.entity. Writes: sl.consumption, and as sl._settle_consumption.
CREATE OR REPLACE FUNCTION sl._note_processed(p_mart text, p_runs bigint[], p_build bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    INSERT INTO sl.consumption (mart_name, run_id, consumed_by)
    SELECT p_mart, r.run_id, p_build
    FROM sl.run AS r
    WHERE r.run_id = ANY (p_runs) AND r.consumed_by IS NULL
    ON CONFLICT DO NOTHING;
    PERFORM sl._settle_consumption();
END;
$body$;

COMMENT ON FUNCTION sl._note_processed IS 'Notes that a build of a mart has processed loads';
