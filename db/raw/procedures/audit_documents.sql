-- raw.audit_documents(p_full boolean DEFAULT true)
--
-- Purpose: checks that every landed document is applied, waiting, or rejected with a reason.
-- Parameters: p_full: look into every document whether its state is in raw or in the history (the default); false: only
--     whether positions and rejections fit together, at a cost that does not depend on how many documents there are.
-- Returns: one row: run_id, streams (how many were checked), violations (always 0: otherwise it raises).
-- Errors: TS023 documents are neither; DETAIL lists stream, check, how many and one example each. TS001 another call is
--     in progress; TS005 another session holds a lock for longer than lock_timeout.
-- Reads: landing, the tables of the streams and their histories. Writes: sl.run.
CREATE OR REPLACE PROCEDURE raw.audit_documents(
    p_full boolean DEFAULT true,
    INOUT run_id bigint DEFAULT NULL,
    INOUT streams bigint DEFAULT NULL,
    INOUT violations bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_procedure CONSTANT text := 'raw.audit_documents';
    v_findings text;
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        run_id := sl._begin_run(c_procedure, c_procedure);
        SELECT
            sum(f.violations),
            string_agg(
                format('%s: %s: %s, for example %s', f.stream, f.check_name, f.violations, f.example), E'\n'
                ORDER BY f.stream, f.check_name
            )
        INTO violations, v_findings
        FROM (
            SELECT
                p.stream,
                'landed beyond the position' AS check_name,
                count(*) AS violations,
                min(format('partition %s, position %s', d.partition, d.position)) AS example
            FROM landing.position AS p
            INNER JOIN landing.document AS d
                ON (d.stream, d.partition) = (p.stream, p.partition) AND d.position > p.landed_position
            GROUP BY p.stream
            UNION ALL
            SELECT
                r.stream,
                'rejected and not applied',
                count(*),
                min(format('partition %s, position %s', r.partition, r.position))
            FROM landing.rejected_document AS r
            LEFT JOIN landing.position AS p ON (p.stream, p.partition) = (r.stream, r.partition)
            LEFT JOIN landing.document AS d
                ON (d.stream, d.partition, d.position) = (r.stream, r.partition, r.position)
            WHERE r.resolved_at IS NULL AND (d.stream IS NULL OR (r.position <= p.applied_position) IS NOT TRUE)
            GROUP BY r.stream
            UNION ALL
            SELECT
                d.stream,
                'landed without a position',
                count(*),
                min(format('partition %s, position %s', d.partition, d.position))
            FROM landing.document AS d
            WHERE
                p_full
                AND NOT EXISTS (
                    SELECT FROM landing.position AS p WHERE (p.stream, p.partition) = (d.stream, d.partition)
                )
            GROUP BY d.stream
            UNION ALL
            SELECT
                s.stream,
                format('not in %I.%I', t.target_schema, t.target_table),
                l.violations,
                l.example
            FROM landing.stream AS s
            INNER JOIN landing.stream_target AS t ON t.stream = s.stream
            CROSS JOIN LATERAL raw._find_lost_documents(s, t) AS l
            WHERE p_full
        ) AS f
        WHERE f.violations > 0;
        streams := (SELECT count(*) FROM landing.stream);
        violations := coalesce(violations, 0);
        IF violations > 0 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS023',
                MESSAGE = format('raw.audit_documents: %s documents are neither applied, waiting nor rejected', violations),
                DETAIL = v_findings,
                HINT = 'docs/documents.md says what each means.';
        END IF;
        PERFORM sl._finish_run(run_id, 0, 0, 0, 0, 0, 0, p_full);
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(c_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE raw.audit_documents IS 'Checks that every landed document is applied, waiting or rejected';
