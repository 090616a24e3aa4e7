-- raw.stamp_changed_xid() RETURNS trigger
--
-- Purpose: puts the writing transaction's id on an updated row, so that a load finds the row whenever it commits.
-- Parameters: none.
-- Returns: the row to be written.
-- Errors: none.
-- Reads: nothing. Writes: NEW.changed_xid.
CREATE OR REPLACE FUNCTION raw.stamp_changed_xid()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END;
$body$;

COMMENT ON FUNCTION raw.stamp_changed_xid() IS 'Trigger: puts the writing transaction''s id on an updated row';
