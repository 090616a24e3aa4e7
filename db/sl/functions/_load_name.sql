-- sl._load_name(p_entity sl.entity) RETURNS text
--
-- Purpose: the name of the procedure that loads an entity, as sl.run has it.
-- Parameters: p_entity: registry row.
-- Returns: e.g. dds.load_client.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._load_name(p_entity sl.entity)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT format('%s.load_%s', p_entity.target_schema, p_entity.entity_name);
$body$;

COMMENT ON FUNCTION sl._load_name IS 'The name of the procedure that loads an entity';
