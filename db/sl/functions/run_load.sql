-- sl.run_load(p_entity text, p_full boolean DEFAULT false, p_force boolean DEFAULT false, p_keys text[] DEFAULT NULL,
--     p_since timestamptz DEFAULT NULL)
--     RETURNS TABLE (run_id bigint, rows_read bigint, rows_inserted bigint, rows_corrected bigint, rows_deleted bigint,
--         rows_unchanged bigint, rows_rejected bigint)
--
-- Purpose: loads an entity as CALL sl.load() does, for callers in PL/pgSQL and for queries: a CALL within a DO block or
--     a function wants a variable for each INOUT argument.
-- Parameters: as of sl.load.
-- Returns: the row that the CALL shows.
-- Errors: as of sl.load.
-- Reads and writes: as sl._load_entity.
CREATE OR REPLACE FUNCTION sl.run_load(
    p_entity text,
    p_full boolean DEFAULT false,
    p_force boolean DEFAULT false,
    p_keys text[] DEFAULT NULL,
    p_since timestamptz DEFAULT NULL
)
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
    CALL sl._load_entity(
        p_entity, p_full, p_force,
        run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected,
        NULL, p_keys, p_since
    );
    RETURN NEXT;
END;
$body$;

COMMENT ON FUNCTION sl.run_load IS 'Loads an entity and returns the counts: for callers in PL/pgSQL';
