-- sl._entity_of(p_entity text) RETURNS sl.entity
--
-- Purpose: the registry row of an entity.
-- Parameters: p_entity: name in sl.entity.
-- Returns: the row.
-- Errors: TS002 the entity is not declared.
-- Reads: sl.entity. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._entity_of(p_entity text)
RETURNS sl.entity
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_entity sl.entity;
BEGIN
    SELECT e.* INTO v_entity FROM sl.entity AS e WHERE e.entity_name = p_entity;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS002',
            MESSAGE = format('Entity "%s" is not declared', p_entity),
            DETAIL = coalesce(
                (SELECT 'Declared: ' || string_agg(e.entity_name, ', ' ORDER BY e.entity_name) FROM sl.entity AS e),
                'None is declared.'
            ),
            HINT = 'CALL sl.declare_entity; docs/adding-an-entity.md shows the whole.';
    END IF;
    RETURN v_entity;
END;
$body$;

COMMENT ON FUNCTION sl._entity_of IS 'The registry row of an entity';
