-- What sl.backfill and its columns hold.
COMMENT ON TABLE sl.backfill IS
'The last first load or rebuild in slices of each target. A row stays until the next backfill of the target begins';
COMMENT ON COLUMN sl.backfill.target IS 'Table that is filled';
COMMENT ON COLUMN sl.backfill.promised IS
'What sl.watermark and sl.entity will say when all slices are done: high_updated_at and snapshot_xmin of each source, and the entity''s rules_version, as they were before the first slice was cut';
COMMENT ON COLUMN sl.backfill.consumes IS 'Loads (run_id) that the mart will have processed when all slices are done';
COMMENT ON COLUMN sl.backfill.system_identifier IS
'PostgreSQL cluster in which the backfill began. In another cluster (a restored dump) it starts again';
COMMENT ON COLUMN sl.backfill.started_at IS 'When the backfill began';
COMMENT ON COLUMN sl.backfill.finished_at IS 'When its last slice was done. NULL while slices are left';
