-- What sl.schema_revision and its columns hold.
COMMENT ON TABLE sl.schema_revision IS 'Alembic''s ledger: one row, the newest schema revision that was applied';
COMMENT ON COLUMN sl.schema_revision.version_num IS 'Number of the revision, as in migrations/versions';
