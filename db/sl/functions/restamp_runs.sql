-- sl.restamp_runs() RETURNS TABLE (runs bigint, mart_versions bigint)
--
-- Purpose: brings the runs that a clock which ran ahead has stamped back to the present, and the versions of the marts
--     that they wrote with them: else every later run begins after the future, since knowledge time never runs
--     backwards.
-- Parameters: none.
-- Returns: runs: how many were moved; mart_versions: versions of the marts that begin or end with one of them.
-- Errors: TS001 a run on one of the targets is in progress; TS005 another session holds a lock for longer than
--     lock_timeout.
-- Reads: sl.run, sl.mart. Writes: sl.run, the marts (scanned whole), each with a run of this function, which is the
--     batch that brings the change to ClickHouse.
--
-- When these runs really began is not known. They get the last microseconds before now, in the order of their numbers,
-- and none before the run that precedes it on its target. sl.run.stamped_at keeps what started_at was.
-- Only the owner may call it.
CREATE OR REPLACE FUNCTION sl.restamp_runs()
RETURNS TABLE (runs bigint, mart_versions bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    c_procedure CONSTANT text := 'sl.restamp_runs';
    v_now timestamptz;
    v_target text;
    v_run_id bigint;
    v_rows bigint;
    v_context text;
BEGIN
    runs := 0;
    mart_versions := 0;
    PERFORM sl._bound_lock_wait();
    BEGIN
        FOR v_target IN
            SELECT DISTINCT r.target FROM sl.run AS r WHERE r.started_at > clock_timestamp() ORDER BY r.target
        LOOP
            PERFORM sl._lock_target(c_procedure, v_target);
            v_now := clock_timestamp();
            CREATE TEMPORARY TABLE _sl_restamp ON COMMIT DROP AS
            SELECT
                r.run_id,
                r.started_at AS old_at,
                greatest(
                    v_now - make_interval(secs => (count(*) OVER () - row_number() OVER w + 1) / 1000000.0),
                    (
                        SELECT max(p.started_at)
                        FROM sl.run AS p
                        WHERE p.target = v_target AND p.started_at <= v_now
                    ) + make_interval(secs => row_number() OVER w / 1000000.0)
                ) AS new_at
            FROM sl.run AS r
            WHERE r.target = v_target AND r.started_at > v_now
            WINDOW w AS (ORDER BY r.started_at, r.run_id);
            UPDATE sl.run AS r
            SET
                started_at = s.new_at,
                finished_at = greatest(s.new_at, least(s.new_at + (r.finished_at - r.started_at), v_now)),
                stamped_at = coalesce(r.stamped_at, r.started_at)
            FROM pg_temp._sl_restamp AS s
            WHERE r.run_id = s.run_id;
            GET DIAGNOSTICS v_rows = ROW_COUNT;
            runs := runs + v_rows;

            IF
                to_regclass(v_target) IS NOT NULL
                AND EXISTS (SELECT FROM sl.mart AS m WHERE format('%I.%I', m.target_schema, m.target_table) = v_target)
            THEN
                v_run_id := sl._begin_run(c_procedure, v_target);
                EXECUTE format(
                    $sql$
                    UPDATE %s AS m
                    SET
                        valid_from = coalesce(f.new_at, m.valid_from),
                        valid_to = coalesce(t.new_at, m.valid_to),
                        run_id = $1
                    FROM %1$s AS o
                    LEFT JOIN pg_temp._sl_restamp AS f ON f.old_at = o.valid_from
                    LEFT JOIN pg_temp._sl_restamp AS t ON t.old_at = o.valid_to
                    WHERE o.ctid = m.ctid AND (f.run_id IS NOT NULL OR t.run_id IS NOT NULL)
                    $sql$,
                    v_target
                )
                USING v_run_id;
                GET DIAGNOSTICS v_rows = ROW_COUNT;
                mart_versions := mart_versions + v_rows;
                PERFORM sl._finish_run(v_run_id, v_rows, 0, v_rows, 0, 0, 0, true);
            END IF;
            DROP TABLE pg_temp._sl_restamp;
        END LOOP;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(c_procedure, v_context);
    END;
    RETURN NEXT;
END;
$body$;

COMMENT ON FUNCTION sl.restamp_runs IS 'Brings runs that a clock which ran ahead has stamped back to the present';
