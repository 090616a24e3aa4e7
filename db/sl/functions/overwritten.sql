-- sl.overwritten(p_version anyelement, p_runs bigint[]) RETURNS SETOF anyelement
--
-- Purpose: the versions of a history as they were before runs corrected them in place or removed them, for the touched
--     function of a mart: the groups that they were in have changed, too.
-- Parameters: p_version: NULL of the type of the history's rows, such as NULL::dds.purchase; p_runs: the loads.
-- Returns: rows of that type, whose personal columns are NULL.
-- Errors: none.
-- Reads: sl.overwritten_version, sl.entity. Writes: nothing.
CREATE OR REPLACE FUNCTION sl.overwritten(p_version anyelement, p_runs bigint[])
RETURNS SETOF anyelement
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT jsonb_populate_record(p_version, o.version)
    FROM sl.entity AS e
    INNER JOIN sl.overwritten_version AS o ON o.entity_name = e.entity_name
    WHERE
        format('%I.%I', e.target_schema, e.target_table) = pg_typeof(p_version)::text
        AND o.run_id = ANY (p_runs);
$body$;

COMMENT ON FUNCTION sl.overwritten IS 'Versions as they were before runs corrected them in place or removed them';
