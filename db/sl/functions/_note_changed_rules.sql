-- sl._note_changed_rules() RETURNS trigger
--
-- Purpose: notes that an entity's rules have changed, so that the next load judges its open rejections again.
-- Parameters: none.
-- Returns: nothing (an AFTER trigger).
-- Errors: none.
-- Reads: nothing. Writes: sl.entity.rules_version.
CREATE OR REPLACE FUNCTION sl._note_changed_rules()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    UPDATE sl.entity AS e
    SET rules_version = e.rules_version + 1
    WHERE e.entity_name IN (OLD.entity_name, NEW.entity_name);
    RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION sl._note_changed_rules() IS 'Trigger: notes that an entity''s rules have changed';
