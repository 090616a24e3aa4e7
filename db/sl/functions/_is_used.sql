-- sl._is_used(p_mart sl.mart) RETURNS boolean
--
-- Purpose: whether a mart has to see what loads bring from now on.
-- Parameters: p_mart: registry row.
-- Returns: true where it was built, or a session builds it now. The first build of any other computes everything,
--     whatever loads have brought: nothing is kept for it.
-- Errors: none.
-- Reads: sl.watermark, pg_locks. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_used(p_mart sl.mart)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        EXISTS (
            SELECT
            FROM sl.watermark AS w
            WHERE w.target = format('%I.%I', p_mart.target_schema, p_mart.target_table)
        )
        -- As sl._lock_target takes it: the key's halves are classid and objid, and objsubid is 1.
        OR EXISTS (
            SELECT
            FROM pg_locks AS l
            WHERE
                l.locktype = 'advisory'
                AND l.objsubid = 1
                AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
                AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended(
                    'sl run on ' || format('%I.%I', p_mart.target_schema, p_mart.target_table), 0
                )
        );
$body$;

COMMENT ON FUNCTION sl._is_used IS 'Whether a mart has to see what loads bring from now on';
