-- Trigger rules_changed of sl.quality_rule: after any change of a rule the next load judges the open rejections of the
-- entity again.
CREATE OR REPLACE TRIGGER rules_changed
AFTER INSERT OR UPDATE OR DELETE ON sl.quality_rule
FOR EACH ROW EXECUTE FUNCTION sl._note_changed_rules();
