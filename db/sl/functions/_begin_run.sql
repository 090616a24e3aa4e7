-- sl._begin_run(p_procedure text, p_target text, p_shared boolean DEFAULT false, p_wait_for_lock boolean DEFAULT false)
--     RETURNS bigint
--
-- Purpose: opens a run on a target, after taking the target's advisory lock, which is held until the transaction ends.
-- Parameters: p_procedure: name of the running procedure; p_target: schema-qualified table that it writes; p_shared:
--     beside others that begin so, the slices of one backfill; p_wait_for_lock: as for sl._lock_target.
-- Returns: the new run's id.
-- Errors: TS001 another transaction has a run on the target in progress.
-- Reads: sl.run. Writes: sl.run.
--
-- started_at is the run's clock. It never repeats or steps back on a target, whatever the machine's clock does, since
-- the mart's versions are cut by it; of runs beside each other it may repeat.
CREATE OR REPLACE FUNCTION sl._begin_run(
    p_procedure text,
    p_target text,
    p_shared boolean DEFAULT false,
    p_wait_for_lock boolean DEFAULT false
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_run_id bigint;
BEGIN
    PERFORM sl._lock_target(p_procedure, p_target, p_shared, p_wait_for_lock);

    INSERT INTO sl.run (procedure_name, target, started_at)
    SELECT
        p_procedure,
        p_target,
        greatest(clock_timestamp(), max(r.started_at) + interval '1 microsecond')
    FROM sl.run AS r
    WHERE r.target = p_target
    RETURNING run_id INTO v_run_id;
    RETURN v_run_id;
END;
$body$;

COMMENT ON FUNCTION sl._begin_run IS 'Opens a run on a target and locks the target until the transaction ends';
