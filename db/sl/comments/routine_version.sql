-- What sl.routine_version and its columns hold.
COMMENT ON TABLE sl.routine_version IS 'Which text of each file in db/ is installed';
COMMENT ON COLUMN sl.routine_version.file_name IS 'File, relative to db/';
COMMENT ON COLUMN sl.routine_version.sha256 IS 'SHA-256 of the file, hexadecimal';
COMMENT ON COLUMN sl.routine_version.applied_at IS 'When this text was installed';
COMMENT ON COLUMN sl.routine_version.revision IS 'Schema revision that it was installed at';
