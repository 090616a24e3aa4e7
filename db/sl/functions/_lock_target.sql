-- sl._lock_target(p_procedure text, p_target text, p_shared boolean DEFAULT false, p_wait_for_lock boolean DEFAULT
--     false)
--     RETURNS void
--
-- Purpose: takes the advisory lock of a target, which is held until the transaction ends: two runs on one target never
--     overlap, except the slices of one backfill.
-- Parameters: p_procedure: who takes it; p_target: schema-qualified table; p_shared: with others that take it so;
--     p_wait_for_lock: try again for two seconds.
-- Returns: nothing.
-- Errors: TS001 another transaction has a run on the target in progress.
-- Reads: nothing. Writes: nothing.
--
-- A commit is visible a moment before its locks are released. Sessions that share a backfill follow each other so
-- closely that they meet in that moment: they wait for the lock.
CREATE OR REPLACE FUNCTION sl._lock_target(
    p_procedure text,
    p_target text,
    p_shared boolean DEFAULT false,
    p_wait_for_lock boolean DEFAULT false
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_seconds CONSTANT float := 0.02;
    c_tries CONSTANT integer := CASE WHEN p_wait_for_lock THEN 100 ELSE 1 END;
    v_is_mine boolean;
    v_key CONSTANT bigint := hashtextextended('sl run on ' || p_target, 0);
BEGIN
    FOR v_try IN 1 .. c_tries LOOP
        v_is_mine := CASE
            WHEN p_shared THEN pg_try_advisory_xact_lock_shared(v_key) ELSE pg_try_advisory_xact_lock(v_key)
        END;
        EXIT WHEN v_is_mine OR v_try = c_tries;
        PERFORM pg_sleep(c_seconds);
    END LOOP;
    IF NOT v_is_mine THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS001',
            MESSAGE = format('%s: another run on %s is in progress', p_procedure, p_target),
            DETAIL = 'Two runs on one target never overlap, so this one has ended before it changed anything.',
            HINT = 'Wait for the other run to end (see pg_stat_activity), then call again.';
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._lock_target IS 'Takes the lock of a target, or raises TS001';
