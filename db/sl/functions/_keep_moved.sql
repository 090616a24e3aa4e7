-- sl._keep_moved() RETURNS trigger
--
-- Purpose: where an UPDATE gives a row another key, keeps aside that the old key was deleted.
-- Parameters: of the trigger: the entity's name.
-- Returns: the row to be written.
-- Errors: none.
-- Reads: nothing. Writes: sl.kept_state, by its owner's rights: the writer may not write sl.
CREATE OR REPLACE FUNCTION sl._keep_moved()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    PERFORM sl._keep_state(TG_ARGV[0], OLD, OLD.changed_xid, p_is_deletion => true);
    RETURN NEW;
END;
$body$;

COMMENT ON FUNCTION sl._keep_moved() IS 'Trigger: keeps aside that a key was deleted where an UPDATE changes it';
