-- What sl.engine_version and its columns hold.
COMMENT ON TABLE sl.engine_version IS
'Versions of the engine that were installed alone, the latest by applied_at. Empty in a warehouse: sl.routine_version has its files';
COMMENT ON COLUMN sl.engine_version.version IS 'Version, such as 1.2.3';
COMMENT ON COLUMN sl.engine_version.sha256 IS 'SHA-256 of all of the engine''s files of this version, hexadecimal';
COMMENT ON COLUMN sl.engine_version.applied_at IS 'When this text of the version was installed';
