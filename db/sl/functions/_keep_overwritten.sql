-- sl._keep_overwritten(p_entity sl.entity, p_run_id bigint, p_versions text) RETURNS void
--
-- Purpose: keeps versions of a history that a run is about to overwrite or remove: a mart has rows of groups that only
--     they tell.
-- Parameters: p_entity: registry row; p_run_id: the run; p_versions: what follows FROM in a SELECT of them, as a
--     template of sl._sql; a version is t.
-- Returns: nothing.
-- Errors: none.
-- Reads: the target, sl.mart. Writes: sl.overwritten_version; nothing where no mart that is used
--     asks by groups.
CREATE OR REPLACE FUNCTION sl._keep_overwritten(p_entity sl.entity, p_run_id bigint, p_versions text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    IF
        EXISTS (
            SELECT FROM sl.mart AS m
            WHERE
                p_entity.entity_name = ANY (m.sources)
                AND m.touched_function IS NOT NULL
                AND m.key_entity IS NULL
                AND sl._is_used(m)
        )
    THEN
        EXECUTE sl._sql(
            p_entity,
            'INSERT INTO sl.overwritten_version (run_id, entity_name, version) '
            'SELECT {{run}}, {{name}}, to_jsonb(t.*) - {{personal_names}} FROM ' || p_versions,
            jsonb_build_object('run', p_run_id, 'personal_names', format('%L::text[]', p_entity.personal_columns))
        );
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._keep_overwritten IS 'Keeps versions of a history that a run is about to overwrite or remove';
