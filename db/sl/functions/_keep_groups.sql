-- sl._keep_groups(p_mart sl.mart, p_run_id bigint) RETURNS void
--
-- Purpose: keeps which groups of a mart depend on what a run is about to write over: afterwards nobody could tell.
-- Parameters: p_mart: registry row; p_run_id: the run, which the versions bear already.
-- Returns: nothing.
-- Errors: none.
-- Reads: as the touched function. Writes: pg_temp._sl_kept_<mart>; of a mart without a touched function nothing.
CREATE OR REPLACE FUNCTION sl._keep_groups(p_mart sl.mart, p_run_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    IF p_mart.touched_function IS NOT NULL THEN
        EXECUTE sl._mart_sql(
            p_mart,
            'CREATE TEMPORARY TABLE {{kept}} ON COMMIT DROP AS SELECT {{group|t.%}} FROM {{touched_rows}} AS t',
            jsonb_build_object(
                'kept', quote_ident('_sl_kept_' || p_mart.mart_name),
                'touched_rows', sl._touched_rows(p_mart, format('ARRAY[%s]::bigint[]', p_run_id))
            )
        );
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._keep_groups IS 'Keeps which groups of a mart depend on what a run is about to write over';
