-- sl.load_slice(p_entity text, p_force boolean) RETURNS boolean
--
-- Purpose: the part of sl.backfill that is one transaction: loads the next slice of an entity's backfill, or finishes
--     it where no slice is left.
-- Parameters: p_entity: name in sl.entity; p_force: as for sl.load_entity.
-- Returns: whether there was a slice.
-- Errors: those of sl.load_entity; TS001 and TS005 when it finishes.
-- Reads and writes: as sl.load_entity and sl.finish_backfill.
CREATE OR REPLACE FUNCTION sl.load_slice(p_entity text, p_force boolean)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_entity sl.entity := sl.entity_of(p_entity);
    v_target text := format('%I.%I', v_entity.target_schema, v_entity.target_table);
    v_slice sl.backfill_slice := sl.next_slice(v_target);
BEGIN
    IF v_slice.slice_no IS NULL THEN
        PERFORM sl.finish_backfill('sl.backfill', v_target);
        RETURN false;
    END IF;
    -- As a text, since a CALL of PL/pgSQL wants a variable for each INOUT argument.
    EXECUTE 'CALL sl.load_entity($1, true, $2, p_slice => $3)' USING p_entity, p_force, v_slice;
    RETURN true;
END;
$body$;

COMMENT ON FUNCTION sl.load_slice IS 'Loads the next slice of an entity''s backfill, or finishes it';
