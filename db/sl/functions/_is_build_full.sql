-- sl._is_build_full(p_mart sl.mart, p_runs bigint[]) RETURNS boolean
--
-- Purpose: whether a build of a mart has to compare every row, since no load tells which ones it touched.
-- Parameters: p_mart: registry row; p_runs: the loads to process, as of sl._loads_to_process.
-- Returns: true where the mart was never built, or means something else than when it was; where it has no touched
--     function, and a load has changed something; where one of these loads was the first of a dimension.
-- Errors: none.
-- Reads: sl.watermark, sl.run, sl.changed_period. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_build_full(p_mart sl.mart, p_runs bigint[])
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        NOT EXISTS (
            SELECT FROM sl.watermark AS w WHERE w.target = format('%I.%I', p_mart.target_schema, p_mart.target_table)
        )
        OR (
            p_mart.touched_function IS NULL
            AND EXISTS (
                SELECT
                FROM sl.run AS r
                WHERE r.run_id = ANY (p_runs) AND r.rows_read > r.rows_unchanged + r.rows_rejected
            )
        )
        OR EXISTS (SELECT FROM sl.changed_period AS p WHERE p.run_id = ANY (p_runs) AND p.entity_key IS NULL);
$body$;

COMMENT ON FUNCTION sl._is_build_full IS 'Whether a build of a mart has to compare every row';
