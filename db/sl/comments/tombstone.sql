-- What sl.tombstone and its columns hold.
COMMENT ON TABLE sl.tombstone IS
'Observed deletions. They leave no version: without this table a state that arrives after a deletion would seem to be the latest';
COMMENT ON COLUMN sl.tombstone.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.tombstone.entity_key IS 'Key that was deleted, as text';
COMMENT ON COLUMN sl.tombstone.deleted_at IS 'Event time of the deletion: updated_at of the deleted source row';
COMMENT ON COLUMN sl.tombstone.observed_at IS
'When the deletion was observed again, as far as it is kept, the latest last. NULL: only at deleted_at';
COMMENT ON COLUMN sl.tombstone.is_tied IS
'True where the deletion bears the very time of a state: it ends that state one microsecond later';
COMMENT ON COLUMN sl.tombstone.is_gone IS
'True where the source, when it was observed last, had no row of the key: one that is there later has come back';
COMMENT ON COLUMN sl.tombstone.run_id IS 'Run that last wrote the row';
