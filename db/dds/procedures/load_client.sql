-- dds.load_client(p_full boolean DEFAULT false, p_force boolean DEFAULT false)
--
-- Purpose: loads what changed in raw.client since the last load into dds.client, keeping history.
-- Parameters: p_full: compare every row of raw.client, not only the changed ones (default false);
--     p_force: go on even where that deletes or changes an unlikely share of the current rows (default false).
-- Returns: one row: run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected.
-- Errors: TS001 another run on dds.client is in progress; TS004 an unlikely share would be deleted or changed;
--     TS005 somebody else holds a lock for longer than lock_timeout.
-- Reads and writes: as sl.load_entity, of which this is the call for the entity "client".
CREATE OR REPLACE PROCEDURE dds.load_client(
    p_full boolean DEFAULT false,
    p_force boolean DEFAULT false,
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
    CALL sl.load_entity(
        'client', p_full, p_force,
        run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
    );
END;
$body$;

COMMENT ON PROCEDURE dds.load_client IS 'Loads what changed in raw.client into dds.client, keeping history';
