-- sl.run_build(p_mart text, p_full boolean DEFAULT false)
--     RETURNS TABLE (run_id bigint, rows_read bigint, rows_inserted bigint, rows_corrected bigint, rows_deleted bigint,
--         rows_unchanged bigint, rows_rejected bigint)
--
-- Purpose: builds a mart as CALL sl.build() does, for callers in PL/pgSQL and for queries: a CALL within a DO block or
--     a function wants a variable for each INOUT argument.
-- Parameters: as of sl.build.
-- Returns: the row that the CALL shows.
-- Errors: as of sl.build.
-- Reads and writes: as sl._build.
CREATE OR REPLACE FUNCTION sl.run_build(p_mart text, p_full boolean DEFAULT false)
RETURNS TABLE (
    run_id bigint,
    rows_read bigint,
    rows_inserted bigint,
    rows_corrected bigint,
    rows_deleted bigint,
    rows_unchanged bigint,
    rows_rejected bigint
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    CALL sl._build(
        p_mart, p_full, run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
    );
    RETURN NEXT;
END;
$body$;

COMMENT ON FUNCTION sl.run_build IS 'Builds a mart and returns the counts: for callers in PL/pgSQL';
