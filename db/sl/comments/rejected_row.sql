-- What sl.rejected_row and its columns hold.
COMMENT ON TABLE sl.rejected_row IS
'Source rows that failed a rule (sl.applied_rule), one open rejection a row and rule. It stays open until a good state of its key arrives, and is kept after that';
COMMENT ON COLUMN sl.rejected_row.rejected_row_id IS 'Number of the rejection';
COMMENT ON COLUMN sl.rejected_row.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.rejected_row.entity_key IS 'Key of the row, as text';
COMMENT ON COLUMN sl.rejected_row.rule_name IS 'Rule that the row failed (sl.applied_rule)';
COMMENT ON COLUMN sl.rejected_row.row IS
'The newest bad state of the source row, its times in UTC. Personal columns are emptied when the key is forgotten';
COMMENT ON COLUMN sl.rejected_row.run_id IS 'Run that rejected the row first';
COMMENT ON COLUMN sl.rejected_row.rejected_at IS 'Clock of that run';
COMMENT ON COLUMN sl.rejected_row.resolved_run_id IS
'Run that saw a good state of the key. NULL while the rejection is open';
COMMENT ON COLUMN sl.rejected_row.resolved_at IS 'Clock of that run. NULL while the rejection is open';
COMMENT ON COLUMN sl.rejected_row.observed_at IS
'updated_at of the bad state. A good state resolves the rejection unless it is older. NULL where updated_at is what is wrong';
COMMENT ON COLUMN sl.rejected_row.times_seen IS
'How many states of the row this rule rejected. The same state read again does not count';
COMMENT ON COLUMN sl.rejected_row.last_seen IS 'When the newest of these states was rejected';
COMMENT ON COLUMN sl.rejected_row.last_run_id IS 'Run that rejected the newest of these states';
