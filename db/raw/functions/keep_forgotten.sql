-- raw.keep_forgotten() RETURNS trigger
--
-- Purpose: keeps forgotten clients forgotten when a source delivers them anew.
-- Parameters: none.
-- Returns: nothing (a statement's trigger).
-- Errors: none.
-- Reads and writes: as raw.erase_forgotten_clients, by its owner's rights: the writer may not read sl.
CREATE OR REPLACE FUNCTION raw.keep_forgotten()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    PERFORM raw.erase_forgotten_clients();
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION raw.keep_forgotten() IS 'Trigger: keeps forgotten clients forgotten when they are delivered anew';
