-- sl._list_kept_keys(p_entity sl.entity) RETURNS boolean
--
-- Purpose: lists the keys of which states were kept aside, so that a first load leaves them to the engine.
-- Parameters: p_entity: registry row.
-- Returns: whether there are any; if so they stand in pg_temp._sl_kept_key.
-- Errors: none.
-- Reads: sl.kept_state. Writes: pg_temp._sl_kept_key.
CREATE OR REPLACE FUNCTION sl._list_kept_keys(p_entity sl.entity)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    IF NOT EXISTS (SELECT FROM sl.kept_state AS k WHERE k.entity_name = p_entity.entity_name) THEN
        RETURN false;
    END IF;
    EXECUTE sl._sql(
        p_entity,
        $sql$
        CREATE TEMPORARY TABLE _sl_kept_key ON COMMIT DROP AS
        SELECT DISTINCT {{key|s.%}}
        FROM sl.kept_state AS k
        CROSS JOIN LATERAL sl._populate(NULL::{{source}}, k.state, {{key_names}}) AS s
        WHERE k.entity_name = {{name}}
        $sql$
    );
    ANALYZE pg_temp._sl_kept_key;
    RETURN true;
END;
$body$;

COMMENT ON FUNCTION sl._list_kept_keys IS 'Lists the keys of which states were kept aside';
