-- sl._keep_absent(p_entity sl.entity) RETURNS void
--
-- Purpose: keeps aside that the keys were deleted that a source lacks by the time when its deletions begin to be seen:
--     no scan compares it again.
-- Parameters: p_entity: registry row of a source that was compared whole and is stamped from now on.
-- Returns: nothing.
-- Errors: none.
-- Reads: the source, the target. Writes: sl.kept_state, sl.watermark.
CREATE OR REPLACE FUNCTION sl._keep_absent(p_entity sl.entity)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    EXECUTE sl._sql(
        p_entity,
        $sql$
        INSERT INTO sl.kept_state (entity_name, changed_xid, kept_at, deleted_at, state)
        SELECT
            {{name}}, pg_current_xact_id()::text::bigint, clock_timestamp(), clock_timestamp(),
            (SELECT to_jsonb(k.*) FROM (SELECT {{key|t.%}}) AS k)
        FROM {{target}} AS t
        WHERE t.is_current AND NOT EXISTS (SELECT FROM {{source}} AS s WHERE {{key|s.% = t.%| AND }})
        $sql$
    );
    PERFORM sl._read_whole_next(p_entity);
END;
$body$;

COMMENT ON FUNCTION sl._keep_absent IS 'Keeps aside that the keys were deleted that a source lacks when it becomes a stamped one';
