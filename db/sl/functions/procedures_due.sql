-- sl.procedures_due() RETURNS TABLE (procedure_name text, rows_behind bigint)
--
-- Purpose: the loads, builds and the audit that have something to do now, cheaply enough to ask every minute: who calls
--     them that often leaves out the others, of which each would leave a row in sl.run that says nothing.
-- Returns: a row a procedure, in no order. rows_behind: rows of the source that a load will read, at most 100000, or
--     versions that loads wrote and a build will process; NULL where that is not known (a source that is compared
--     whole), and of the audit.
-- Errors: 42P01 the source that sl.entity names does not exist.
-- Reads: sl.status_lag, sl.entity, sl.mart, sl.run. Writes: nothing.
--
-- A build may become due by a load, and the audit by both: ask again after each step. Left out are loads for which
-- nothing but the clock or a changed rule has come: rows from the future whose time has come, and open rejections that
-- the rule would judge otherwise, are looked at by the next load that is due, or that is called without asking.
CREATE OR REPLACE FUNCTION sl.procedures_due()
RETURNS TABLE (procedure_name text, rows_behind bigint)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH lag AS MATERIALIZED (
        SELECT
            l.target,
            bool_or(l.rows_behind IS DISTINCT FROM 0) AS is_behind,
            CASE WHEN bool_and(l.rows_behind IS NOT NULL) THEN sum(l.rows_behind)::bigint END AS rows_behind
        FROM sl.status_lag AS l
        WHERE l.layer <> 'clickhouse'
        GROUP BY l.target
    )
    SELECT
        sl._load_name(e),
        l.rows_behind
    FROM sl.entity AS e
    INNER JOIN lag AS l ON l.target = format('%I.%I', e.target_schema, e.target_table)
    WHERE l.is_behind
    UNION ALL
    SELECT
        sl._build_name(m),
        l.rows_behind
    FROM sl.mart AS m
    INNER JOIN lag AS l ON l.target = format('%I.%I', m.target_schema, m.target_table)
    WHERE l.is_behind
    UNION ALL
    SELECT
        'sl.audit',
        NULL
    WHERE
        EXISTS (
            SELECT
            FROM sl.run AS r
            WHERE r.audited_by IS NULL AND r.status = 'succeeded' AND r.target <> 'sl.audit'
        );
END;
$body$;

COMMENT ON FUNCTION sl.procedures_due IS 'The loads, builds and the audit that have something to do now';
