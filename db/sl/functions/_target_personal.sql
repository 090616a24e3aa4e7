-- sl._target_personal(p_entity sl.entity) RETURNS text[]
--
-- Purpose: the personal columns of an entity that its target holds.
-- Parameters: p_entity: registry row.
-- Returns: names; those of the source that are neither tracked nor written in place are not among them.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._target_personal(p_entity sl.entity)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT ARRAY(
        SELECT c.name
        FROM unnest(p_entity.personal_columns) WITH ORDINALITY AS c (name, position)
        WHERE c.name = ANY (p_entity.tracked_columns || p_entity.in_place_columns)
        ORDER BY c.position
    );
$body$;

COMMENT ON FUNCTION sl._target_personal IS 'The personal columns of an entity that its target holds';
