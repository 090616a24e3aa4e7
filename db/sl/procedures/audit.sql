-- sl.audit(p_full boolean DEFAULT true)
--
-- Purpose: checks every entity's history, every mart and the runs' counts against the invariants of docs/history.md.
-- Parameters: p_full: check all there is (the default); false: only what was touched since the last audit that found
--     nothing, at a cost proportional to that. A version written by hand is found by a full audit alone.
-- Returns: one row: run_id, targets (how many were checked), violations (always 0: otherwise it raises).
-- Errors: TS010 invariants are broken; DETAIL lists target, check, how many and one key each. TS001 another audit runs;
--     TS005 another session holds a lock for longer than lock_timeout.
-- Reads: sources, targets and images of all that is declared, sl. Writes: sl.run, sl.watermark, sl.changed_period and
--     sl.overwritten_version (what it has audited), and as sl._settle_consumption.
--
-- An entity or a mart that cannot be checked, since something of it is gone (sl.status_drift), is a finding; all others
-- are checked.
--
-- All there is is looked at in slices (sl._find_violations); a NOTICE after each tells how far it is.
--
-- What is new is told by sl.run.audited_by, and of a source by the transaction that wrote a row. Loads that a mart has
-- not processed are no violation of it; they stay new until all marts have.
CREATE OR REPLACE PROCEDURE sl.audit(
    p_full boolean DEFAULT true,
    INOUT run_id bigint DEFAULT NULL,
    INOUT targets bigint DEFAULT NULL,
    INOUT violations bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_target CONSTANT text := 'sl.audit';
    c_clock_tolerance CONSTANT interval := '1 minute';
    -- Of sl.status_drift, what keeps an entity or a mart from being checked.
    c_missing CONSTANT text [] := ARRAY[
        'source_missing', 'target_missing', 'column_missing', 'target_column_missing', 'table_missing', 'image_missing',
        'function_missing'
    ];
    v_run_id bigint;
    v_new_runs bigint [];
    v_built_runs bigint [];
    v_runs bigint [];
    v_findings text;
    v_promised jsonb;
    v_missing jsonb;
    v_unchecked text [];
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        v_run_id := sl._begin_run('sl.audit', c_target);
        PERFORM sl._settle_consumption();
        v_new_runs := ARRAY(
            SELECT r.run_id FROM sl.run AS r WHERE r.audited_by IS NULL AND r.status = 'succeeded'
        );
        -- What a mart has not processed is checked now, and again, mart and all, when it has.
        v_built_runs := ARRAY(
            SELECT r.run_id
            FROM sl.run AS r
            WHERE
                r.run_id = ANY (v_new_runs)
                AND (
                    r.consumed_by IS NOT NULL
                    OR r.target NOT IN (SELECT unnest(sl._mart_sources(m)) FROM sl.mart AS m)
                )
        );
        -- After the first load of a dimension, that is everything.
        IF
            NOT p_full
            AND NOT EXISTS (
                SELECT FROM sl.changed_period AS p WHERE p.run_id = ANY (v_new_runs) AND p.entity_key IS NULL
            )
        THEN
            v_runs := v_new_runs;
        END IF;

        -- Of each source, what its load has promised by now is audited now. Read before the rows are: a load that
        -- commits meanwhile is the next audit's.
        SELECT coalesce(jsonb_agg(to_jsonb(l)), '[]')
        INTO v_promised
        FROM sl.entity AS e
        INNER JOIN sl.watermark AS l
            ON
                l.target = format('%I.%I', e.target_schema, e.target_table)
                AND l.source = format('%I.%I', e.source_schema, e.source_table)
                -- What was promised of another cluster's transaction ids says nothing of these.
                AND l.system_identifier = (SELECT s.system_identifier FROM pg_control_system() AS s);

        SELECT coalesce(jsonb_agg(to_jsonb(d)), '[]'), coalesce(array_agg(d.entity_name), '{}')
        INTO v_missing, v_unchecked
        FROM sl.status_drift AS d
        WHERE d.finding = ANY (c_missing);

        WITH finding AS (
            SELECT
                format('%I.%I', e.target_schema, e.target_table) AS target,
                f.check_name,
                f.violations,
                f.example
            FROM sl.entity AS e
            LEFT JOIN sl.watermark AS w
                ON
                    w.target = c_target
                    AND w.source = format('%I.%I', e.source_schema, e.source_table)
                    AND w.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
                    AND NOT p_full
            CROSS JOIN LATERAL (
                SELECT v.* FROM sl._find_violations(e.entity_name, v_runs, coalesce(w.snapshot_xmin, 0)) AS v
                UNION ALL
                SELECT v.* FROM sl._find_remembered(e.entity_name, v_runs, coalesce(w.snapshot_xmin, 0)) AS v
            ) AS f
            WHERE e.entity_name <> ALL (v_unchecked)
            UNION ALL
            SELECT
                format('%I.%I', m.target_schema, m.target_table),
                f.check_name,
                f.violations,
                f.example
            FROM sl.mart AS m
            CROSS JOIN LATERAL sl._find_mart_violations(m.mart_name, v_runs) AS f
            WHERE m.mart_name <> ALL (v_unchecked)
            UNION ALL
            SELECT
                t.target,
                d.finding,
                count(*),
                NULL
            FROM jsonb_to_recordset(v_missing) AS d (entity_name text, finding text)
            INNER JOIN (
                SELECT e.entity_name AS name, format('%I.%I', e.target_schema, e.target_table) AS target
                FROM sl.entity AS e
                UNION ALL
                SELECT m.mart_name, format('%I.%I', m.target_schema, m.target_table)
                FROM sl.mart AS m
            ) AS t
                ON t.name = d.entity_name
            GROUP BY t.target, d.finding
            UNION ALL
            SELECT
                'sl.run',
                'counts_do_not_add_up',
                count(*),
                min(r.run_id)::text
            FROM sl.run AS r
            WHERE
                r.status = 'succeeded'
                AND (v_runs IS NULL OR r.run_id = ANY (v_runs))
                AND r.rows_read
                <> r.rows_inserted + r.rows_corrected + r.rows_deleted + r.rows_unchanged + r.rows_rejected
            HAVING count(*) > 0
            UNION ALL
            SELECT
                'sl.run',
                'run_ahead_of_the_clock',
                count(*),
                min(r.run_id)::text
            FROM sl.run AS r
            WHERE
                r.status = 'succeeded'
                AND (v_runs IS NULL OR r.run_id = ANY (v_runs))
                AND r.started_at > clock_timestamp() + c_clock_tolerance
            HAVING count(*) > 0
            UNION ALL
            SELECT
                'sl.run',
                'run_behind_an_earlier_one',
                count(*),
                min(r.run_id)::text
            FROM (
                SELECT
                    n.run_id,
                    n.started_at,
                    max(n.started_at) OVER (
                        PARTITION BY n.target ORDER BY n.run_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ) AS earlier_started_at
                FROM sl.run AS n
                -- The slices of an entity's backfill run beside each other.
                WHERE
                    n.status = 'succeeded'
                    AND (
                        n.procedure_name <> 'sl.backfill'
                        OR n.target IN (SELECT format('%I.%I', m.target_schema, m.target_table) FROM sl.mart AS m)
                    )
                    AND (p_full OR n.run_id >= (SELECT min(o.run_id) FROM unnest(v_runs) AS o (run_id)))
            ) AS r
            WHERE r.started_at < r.earlier_started_at
            HAVING count(*) > 0
        ),
        found AS (
            SELECT
                f.target,
                f.check_name,
                sum(f.violations) AS violations,
                min(f.example) AS example
            FROM finding AS f
            GROUP BY f.target, f.check_name
        )
        SELECT
            coalesce(sum(f.violations), 0),
            string_agg(
                format('%s: %s: %s', f.target, f.check_name, f.violations) || coalesce(', e.g. key ' || f.example, ''),
                E'\n' ORDER BY f.target, f.check_name
            )
        INTO violations, v_findings
        FROM found AS f;

        IF violations > 0 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS010',
                MESSAGE = format('sl.audit: %s violations of the invariants', violations),
                DETAIL = v_findings,
                HINT = 'docs/errors.md tells for each check what it means and how to heal it.';
        END IF;

        UPDATE sl.run AS r SET audited_by = v_run_id WHERE r.run_id = ANY (v_built_runs);
        DELETE FROM sl.changed_period AS p WHERE p.run_id = ANY (v_built_runs);
        DELETE FROM sl.overwritten_version AS o WHERE o.run_id = ANY (v_built_runs);
        PERFORM sl._write_watermark(c_target, l.source, l.high_updated_at, l.snapshot_xmin, v_run_id)
        FROM jsonb_to_recordset(v_promised) AS l (source text, high_updated_at timestamptz, snapshot_xmin bigint);

        targets := (SELECT count(*) FROM sl.entity) + (SELECT count(*) FROM sl.mart);
        run_id := v_run_id;
        UPDATE sl.run AS r
        SET
            status = 'succeeded',
            is_full = p_full,
            finished_at = greatest(clock_timestamp(), r.started_at),
            end_no = nextval('sl.run_end')
        WHERE r.run_id = v_run_id;
        RAISE NOTICE 'sl.audit: run %: % targets checked (%), no violation',
            v_run_id, targets, CASE WHEN p_full THEN 'all' ELSE 'what was touched' END;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout('sl.audit', v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE sl.audit IS 'Checks every history, every mart and the runs'' counts against the invariants';
