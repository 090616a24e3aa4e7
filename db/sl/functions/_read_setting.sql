-- sl._read_setting(p_entity text) RETURNS text
--
-- Purpose: names the setting in which a session remembers how far loads have read an entity's source.
-- Parameters: p_entity: name in sl.entity.
-- Returns: the name; that of an entity may hold what no setting's does.
-- Errors: none.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._read_setting(p_entity text)
RETURNS text
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT 'sl.read_below_' || left(md5(p_entity), 8)
$body$;

COMMENT ON FUNCTION sl._read_setting IS 'Names the setting in which a session remembers how far loads have read';
