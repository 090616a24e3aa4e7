-- sl._make_build(p_mart sl.mart, p_known sl.mart) RETURNS void
--
-- Purpose: makes the procedure that builds a mart, which calls sl._build.
-- Parameters: p_mart: registry row; p_known: what was declared before, NULLs where nothing was.
-- Returns: nothing.
-- Errors: none of its own.
-- Reads: nothing. Writes: the procedure; one of another name, declared before, is dropped.
CREATE OR REPLACE FUNCTION sl._make_build(p_mart sl.mart, p_known sl.mart)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_procedure CONSTANT text := format('%I.%I', p_mart.build_schema, p_mart.build_procedure);
BEGIN
    IF p_known.mart_name IS NOT NULL AND sl._build_name(p_known) <> sl._build_name(p_mart) THEN
        EXECUTE format('DROP PROCEDURE IF EXISTS %I.%I', p_known.build_schema, p_known.build_procedure);
    END IF;
    EXECUTE sl._mart_sql(
        p_mart,
        $sql$
        CREATE OR REPLACE PROCEDURE {{procedure}}(
            p_full boolean DEFAULT false,
            INOUT run_id bigint DEFAULT NULL,
            INOUT rows_read bigint DEFAULT NULL,
            INOUT rows_inserted bigint DEFAULT NULL,
            INOUT rows_corrected bigint DEFAULT NULL,
            INOUT rows_deleted bigint DEFAULT NULL,
            INOUT rows_unchanged bigint DEFAULT NULL,
            INOUT rows_rejected bigint DEFAULT NULL
        )
        LANGUAGE plpgsql
        SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        AS $build$
        BEGIN
            CALL sl._build(
                {{name}}, p_full,
                run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
            );
        END;
        $build$;
        COMMENT ON PROCEDURE {{procedure}} IS {{comment}};
        -- It runs with its owner's rights.
        REVOKE ALL ON PROCEDURE {{procedure}} FROM PUBLIC
        $sql$,
        jsonb_build_object(
            'procedure', v_procedure,
            'name', quote_literal(p_mart.mart_name),
            'comment', quote_literal(
                format(
                    'Brings %I.%I up to its sources; a new version only where the image differs', p_mart.target_schema,
                    p_mart.target_table
                )
            )
        )
    );
END;
$body$;

COMMENT ON FUNCTION sl._make_build IS 'Makes the procedure that builds a mart';
