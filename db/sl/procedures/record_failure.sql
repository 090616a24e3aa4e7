-- sl.record_failure(p_procedure text, p_sqlstate text, p_message text, p_context text DEFAULT NULL,
--     p_started_at timestamptz DEFAULT NULL, INOUT run_id bigint DEFAULT NULL)
--
-- Purpose: writes the trace of a run that failed. A failed run is rolled back whole, so its caller calls this
--     afterwards, in a new transaction.
-- Parameters: p_procedure: what was called, with its schema; p_sqlstate: five characters, NULL where the server
--     was lost before it said one; p_message: the error's primary message, never its DETAIL, which may hold personal
--     data; p_context: where it was raised; p_started_at: when the call began, now where it is not known or not finite.
-- Returns: one row: run_id.
-- Errors: 22023 there is no such procedure in sl or in the schema of a target, or the SQLSTATE is none.
-- Reads: sl.entity, sl.mart. Writes: sl.run.
--
-- The clock of a target's runs is not moved by a trace: it cannot lie in the future. Texts are cut at 2000 characters.
CREATE OR REPLACE PROCEDURE sl.record_failure(
    p_procedure text,
    p_sqlstate text,
    p_message text,
    p_context text DEFAULT NULL,
    p_started_at timestamptz DEFAULT NULL,
    INOUT run_id bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    c_longest CONSTANT integer := 2000;
    v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_proc AS p
        INNER JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE
            p.prokind = 'p'
            AND (
                n.nspname = 'sl'
                OR n.nspname IN (
                    SELECT e.target_schema FROM sl.entity AS e
                    UNION ALL
                    SELECT m.build_schema FROM sl.mart AS m
                )
            )
            AND format('%s.%s', n.nspname, p.proname) = p_procedure
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sl.record_failure: there is no procedure "%s"', coalesce(p_procedure, 'NULL')),
            HINT = 'Name the procedure that was called with its schema, such as sl.load.';
    END IF;
    IF p_sqlstate !~ '^[0-9A-Z]{5}$' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('sl.record_failure: "%s" is no SQLSTATE', p_sqlstate),
            HINT = 'Give the five characters of the error, or NULL where the server was lost.';
    END IF;

    INSERT INTO sl.run (
        procedure_name, target, status, started_at, finished_at, end_no, error_sqlstate, error_message, error_context
    )
    VALUES (
        p_procedure,
        coalesce(
            (
                SELECT format('%I.%I', e.target_schema, e.target_table)
                FROM sl.entity AS e
                WHERE sl._load_name(e) = p_procedure
            ),
            (
                SELECT format('%I.%I', m.target_schema, m.target_table)
                FROM sl.mart AS m
                WHERE sl._build_name(m) = p_procedure
            ),
            p_procedure
        ),
        'failed',
        CASE WHEN isfinite(p_started_at) THEN least(p_started_at, v_now) ELSE v_now END,
        v_now,
        nextval('sl.run_end'),
        p_sqlstate,
        left(coalesce(nullif(btrim(p_message), ''), 'The caller gave no message'), c_longest),
        left(p_context, c_longest)
    )
    RETURNING run_id INTO run_id;
END;
$body$;

COMMENT ON PROCEDURE sl.record_failure IS 'Writes the trace of a run that failed, after its rollback';
