-- raw._make_judge(p_stream landing.stream) RETURNS void
--
-- Purpose: makes the function pg_temp._judge_document, which maps one document and tells what the server refuses.
-- Parameters: p_stream: registry row.
-- Returns: nothing.
-- Errors: none.
-- Reads: landing.stream_target. Writes: pg_temp._judge_document, with the parameters of raw._document_rows; it returns
--     the reason, NULL where there is none.
--
-- A function of its own keeps the plans of its statements from document to document. It goes with the session, or is
-- replaced.
CREATE OR REPLACE FUNCTION raw._make_judge(p_stream landing.stream)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION pg_temp._judge_document(integer[], bigint[], bigint[], integer[], bigint[]) '
        'RETURNS text LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS %L',
        format(
            $sql$
            DECLARE
                v_rows bigint;
                v_table text;
            BEGIN
                %s
                RETURN NULL;
            EXCEPTION
                WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded OR raise_exception
                    OR cardinality_violation OR datatype_mismatch THEN
                    RETURN format('To %%s: %%s', v_table, SQLERRM);
            END;
            $sql$,
            (
                SELECT string_agg(
                    format(
                        E'v_table := %L;\nv_rows := (%s);\n',
                        format('%I.%I', t.target_schema, t.target_table), raw._mapping_sql(p_stream, t, true, true)
                    ),
                    '' ORDER BY t.target_schema, t.target_table
                )
                FROM landing.stream_target AS t
                WHERE t.stream = p_stream.stream
            )
        )
    );
END;
$body$;

COMMENT ON FUNCTION raw._make_judge IS 'Makes the function that maps one document and tells what the server refuses';
