-- sl._keep_deleted() RETURNS trigger
--
-- Purpose: keeps aside that a row was deleted, and its state where no load has read it.
-- Parameters: of the trigger: the entity's name, and the name of the setting in which a session remembers how far
--     loads have read.
-- Returns: the row to be deleted.
-- Errors: none.
-- Reads: as sl._read_below, by its owner's rights: the writer may not read sl. Writes: sl.kept_state.
--
-- What is deleted while sl.purging names the entity (sl.purge) was taken out of the source, and is no deletion. A
-- state that the same transaction has written was never committed, and is not kept.
CREATE OR REPLACE FUNCTION sl._keep_deleted()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF
        OLD.changed_xid <> pg_current_xact_id()::text::bigint
        AND OLD.changed_xid >= sl._read_below(TG_ARGV[0], TG_ARGV[1])
    THEN
        PERFORM sl._keep_state(TG_ARGV[0], OLD, OLD.changed_xid);
    END IF;
    IF current_setting('sl.purging', true) IS DISTINCT FROM TG_ARGV[0] THEN
        PERFORM sl._keep_state(TG_ARGV[0], OLD, OLD.changed_xid, p_is_deletion => true);
    END IF;
    RETURN OLD;
END;
$body$;

COMMENT ON FUNCTION sl._keep_deleted() IS
'Trigger: keeps aside that a row was deleted, and its state where no load has read it';
