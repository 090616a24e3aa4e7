-- What sl.overwritten_version and its columns hold.
COMMENT ON TABLE sl.overwritten_version IS
'Versions as they were before a run corrected them in place or removed them, for the touched functions of marts (sl.overwritten). A row stays until a build has processed it and an audit has checked it';
COMMENT ON COLUMN sl.overwritten_version.run_id IS 'Run that overwrote the version';
COMMENT ON COLUMN sl.overwritten_version.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.overwritten_version.version IS 'The row of the target, without its personal columns';
