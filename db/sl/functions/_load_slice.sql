-- sl._load_slice(p_entity text, p_force boolean) RETURNS boolean
--
-- Purpose: the part of sl.backfill that is one transaction: loads the next slice of an entity's backfill, or finishes
--     it where no slice is left.
-- Parameters: p_entity: name in sl.entity; p_force: as for sl._load_entity.
-- Returns: whether there was a slice.
-- Errors: those of sl._load_entity; TS001 and TS005 when it finishes.
-- Reads and writes: as sl._load_entity and sl._finish_backfill.
CREATE OR REPLACE FUNCTION sl._load_slice(p_entity text, p_force boolean)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_target text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_slice sl.backfill_slice := sl._next_slice(v_target);
BEGIN
    IF v_slice.slice_no IS NULL THEN
        PERFORM sl._finish_backfill('sl.backfill', v_target);
        RETURN false;
    END IF;
    -- As a text, since a CALL of PL/pgSQL wants a variable for each INOUT argument.
    EXECUTE 'CALL sl._load_entity($1, true, $2, p_slice => $3)' USING p_entity, p_force, v_slice;
    RETURN true;
END;
$body$;

COMMENT ON FUNCTION sl._load_slice IS 'Loads the next slice of an entity''s backfill, or finishes it';
