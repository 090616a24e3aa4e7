-- sl.build(p_mart text, p_full boolean DEFAULT false)
--
-- Purpose: brings a mart up to its sources: the rows that depend on what loads wrote which no build has processed. A
--     new version is written only where the image differs.
-- Parameters: p_mart: name in sl.mart; p_full: compare every row (default false).
-- Returns: one row: run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected.
-- Errors: TS001 another run on the mart is in progress; TS002 the mart is not declared; TS003 the image has no column
--     of the key, or the target lacks one of the image's; TS005 another session holds a lock for longer than
--     lock_timeout.
-- Reads and writes: as sl._build.
CREATE OR REPLACE PROCEDURE sl.build(
    p_mart text,
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
AS $body$
BEGIN
    CALL sl._build(
        p_mart, p_full, run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
    );
END;
$body$;

COMMENT ON PROCEDURE sl.build IS 'Brings a mart up to its sources; a new version only where the image differs';
