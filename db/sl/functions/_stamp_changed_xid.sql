-- sl._stamp_changed_xid() RETURNS trigger
--
-- Purpose: puts the writing transaction's id on an updated row, so that a load finds the row whenever it commits; and
--     keeps aside what an UPDATE overwrites before a load has read it.
-- Parameters: of the trigger: the entity's name, and the name of the setting in which a session remembers how far
--     loads have read.
-- Returns: the row to be written.
-- Errors: none.
-- Reads: as sl._read_below, by its owner's rights: the writer may not read sl. Writes: NEW.changed_xid,
--     sl.kept_state.
--
-- One trigger does both, and asks the setting alone where a load has read the row: another one, or a WHEN, would cost
-- each UPDATE of one row more than the stamp does (docs/tuning.md). A state that the same transaction has written was
-- never committed, and is not kept. txid_current() is pg_current_xact_id() as a bigint, which has no cast of its own.
CREATE OR REPLACE FUNCTION sl._stamp_changed_xid()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF (OLD.changed_xid >= nullif(current_setting(TG_ARGV[1], true), '')::bigint) IS NOT FALSE THEN
        IF
            OLD.changed_xid <> txid_current()
            AND OLD.changed_xid >= sl._read_below(TG_ARGV[0], TG_ARGV[1])
        THEN
            PERFORM sl._keep_state(TG_ARGV[0], OLD, OLD.changed_xid);
        END IF;
    END IF;
    NEW.changed_xid := txid_current();
    RETURN NEW;
END;
$body$;

COMMENT ON FUNCTION sl._stamp_changed_xid() IS
'Trigger: puts the writing transaction''s id on an updated row, and keeps aside what no load has read';
