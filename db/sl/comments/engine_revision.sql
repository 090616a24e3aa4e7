-- What sl.engine_revision and its columns hold.
COMMENT ON TABLE sl.engine_revision IS 'Revisions of the engine''s structure (db/sl/revisions/) that are applied';
COMMENT ON COLUMN sl.engine_revision.revision IS 'Name of the revision''s file, such as 0002_baseline';
COMMENT ON COLUMN sl.engine_revision.sha256 IS 'SHA-256 of the file, hexadecimal';
COMMENT ON COLUMN sl.engine_revision.applied_at IS 'When it was applied';
