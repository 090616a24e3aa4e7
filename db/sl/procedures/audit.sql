-- sl.audit()
--
-- Purpose: checks every entity's history, the mart and the runs' counts against the invariants of docs/history.md.
-- Parameters: none.
-- Returns: one row: run_id, targets (how many were checked), violations (always 0: otherwise it raises).
-- Errors: TS010 invariants are broken; DETAIL lists target, check, how many and one key each. TS001 another audit runs.
-- Reads: all of dds, cdm and raw (a full audit). Writes: sl.run.
CREATE OR REPLACE PROCEDURE sl.audit(
    INOUT run_id bigint DEFAULT NULL,
    INOUT targets bigint DEFAULT NULL,
    INOUT violations bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    v_run_id bigint := sl.begin_run('sl.audit', 'sl.audit');
    v_findings text;
BEGIN
    WITH finding AS (
        SELECT
            format('%I.%I', e.target_schema, e.target_table) AS target,
            f.check_name,
            f.violations,
            f.example
        FROM sl.entity AS e
        CROSS JOIN LATERAL sl.find_violations(e.entity_name) AS f
        UNION ALL
        SELECT
            'cdm.sales_mart',
            f.check_name,
            f.violations,
            f.example
        FROM cdm.find_violations() AS f
        UNION ALL
        SELECT
            'sl.run',
            'counts_do_not_add_up',
            count(*),
            min(r.run_id)::text
        FROM sl.run AS r
        WHERE
            r.status = 'succeeded'
            AND r.rows_read
            <> r.rows_inserted + r.rows_corrected + r.rows_deleted + r.rows_unchanged + r.rows_rejected
        HAVING count(*) > 0
    )
    SELECT
        coalesce(sum(f.violations), 0),
        string_agg(
            format('%s: %s: %s, e.g. key %s', f.target, f.check_name, f.violations, f.example),
            E'\n' ORDER BY f.target, f.check_name
        )
    INTO violations, v_findings
    FROM finding AS f;

    IF violations > 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS010',
            MESSAGE = format('sl.audit: %s violations of the invariants', violations),
            DETAIL = v_findings,
            HINT = 'docs/errors.md tells for each check what it means and how to heal it.';
    END IF;

    targets := (SELECT count(*) FROM sl.entity) + 1;
    run_id := v_run_id;
    UPDATE sl.run AS r
    SET status = 'succeeded', is_full = true, finished_at = clock_timestamp()
    WHERE r.run_id = v_run_id;
    RAISE NOTICE 'sl.audit: run %: % targets checked, no violation', v_run_id, targets;
END;
$body$;

COMMENT ON PROCEDURE sl.audit IS 'Checks every history, the mart and the runs'' counts against the invariants';
