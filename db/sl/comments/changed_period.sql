-- What sl.changed_period and its columns hold.
COMMENT ON TABLE sl.changed_period IS
'Periods in which a load changed the answer to "which version of this key was valid then". A row stays until a build has processed it and an audit has checked it';
COMMENT ON COLUMN sl.changed_period.run_id IS 'Load that changed the history';
COMMENT ON COLUMN sl.changed_period.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.changed_period.entity_key IS
'Key whose history changed, as text. NULL: every key (the first load)';
COMMENT ON COLUMN sl.changed_period.changed_from IS
'Start of the period in event time, inclusive; -infinity where it has none';
COMMENT ON COLUMN sl.changed_period.changed_to IS
'End of the period in event time, exclusive; infinity where it has none';
COMMENT ON COLUMN sl.changed_period.is_new IS 'True where an incremental load saw the key for the first time';
