-- What sl.kept_state and its columns hold.
COMMENT ON TABLE sl.kept_state IS
'What was overwritten or deleted in a source before a load had read it, until one has. Triggers and documents write it, loads consume it';
COMMENT ON COLUMN sl.kept_state.kept_no IS 'In which order it was kept: of one key, the order of the commits';
COMMENT ON COLUMN sl.kept_state.entity_name IS 'Name in sl.entity';
COMMENT ON COLUMN sl.kept_state.changed_xid IS 'Id of the transaction that wrote the state';
COMMENT ON COLUMN sl.kept_state.kept_at IS 'When it was overwritten or deleted';
COMMENT ON COLUMN sl.kept_state.deleted_at IS
'When its transaction deleted the row. NULL: the row is a state, not a deletion';
COMMENT ON COLUMN sl.kept_state.state IS 'The row as it was, by the columns of the source';
