-- What sl.watermark and its columns hold.
COMMENT ON TABLE sl.watermark IS 'How far a target has read a source: one row a target and source';
COMMENT ON COLUMN sl.watermark.target IS 'Table that was brought up to the source, or sl.audit';
COMMENT ON COLUMN sl.watermark.source IS 'Table that was read';
COMMENT ON COLUMN sl.watermark.high_updated_at IS
'Greatest update time in the target, for people and checks. NULL: the target has no row yet, or has no such time';
COMMENT ON COLUMN sl.watermark.snapshot_xmin IS
'pg_snapshot_xmin of the last run. Every transaction below it had ended, so the run saw it whole. The next run reads the rows whose changed_xid is not below it';
COMMENT ON COLUMN sl.watermark.system_identifier IS
'PostgreSQL cluster that the transaction ids belong to. In another cluster (a restored dump) they mean nothing';
COMMENT ON COLUMN sl.watermark.run_id IS 'Run that wrote the row';
