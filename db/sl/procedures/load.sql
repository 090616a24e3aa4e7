-- sl.load(p_entity text, p_full boolean DEFAULT false, p_force boolean DEFAULT false, p_keys text[] DEFAULT NULL,
--     p_since timestamptz DEFAULT NULL)
--
-- Purpose: loads what changed in an entity's source since the last load into its target, keeping history.
-- Parameters: p_entity: name in sl.entity; p_full: compare every row of the source, not only the changed ones (default
--     false); p_force: load even where that deletes an unlikely share of the current rows (default false); p_keys:
--     load the source rows of these keys alone, each key as a text (of several columns a JSON array, ["7", "North"]),
--     whether they changed or not; p_since: load the rows of an event time from this on alone, whether they changed or
--     not.
-- Returns: one row: run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected.
-- Errors: TS001 another run on the target is in progress; TS002 the entity is not declared; TS003 the source, or a
--     column of it, does not exist; TS004 an unlikely share would be deleted or changed; TS005 another session holds a
--     lock for longer than lock_timeout; 22023 p_since, and the entity has no event time, or a key that is none.
-- Reads and writes: as sl._load_entity.
CREATE OR REPLACE PROCEDURE sl.load(
    p_entity text,
    p_full boolean DEFAULT false,
    p_force boolean DEFAULT false,
    p_keys text[] DEFAULT NULL,
    p_since timestamptz DEFAULT NULL,
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
    CALL sl._load_entity(
        p_entity, p_full, p_force,
        run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected,
        NULL, p_keys, p_since
    );
END;
$body$;

COMMENT ON PROCEDURE sl.load IS 'Loads what changed in an entity''s source into its target, keeping history';
