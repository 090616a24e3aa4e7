-- What sl.entity and its columns hold.
COMMENT ON TABLE sl.entity IS 'What was declared of each entity (sl.declare_entity): it drives the SCD2 engine';
COMMENT ON COLUMN sl.entity.entity_name IS 'Name of the entity, such as customer';
COMMENT ON COLUMN sl.entity.source_schema IS 'Schema of the source table';
COMMENT ON COLUMN sl.entity.source_table IS 'Table or view that a load reads';
COMMENT ON COLUMN sl.entity.target_schema IS 'Schema of the target table';
COMMENT ON COLUMN sl.entity.target_table IS 'Table that a load writes: it holds every version';
COMMENT ON COLUMN sl.entity.key_columns IS 'Key of the entity; same names in source and target';
COMMENT ON COLUMN sl.entity.surrogate_key_column IS 'Surrogate key of a version in the target';
COMMENT ON COLUMN sl.entity.tracked_columns IS 'Columns whose change opens a version; same names in source and target';
COMMENT ON COLUMN sl.entity.keeps_changed_periods IS
'True where the mart looks the entity up as of a moment. A load then records in sl.changed_period what it changed, and run_id in the target needs no index';
COMMENT ON COLUMN sl.entity.breaker_share IS
'Share of the current rows, 0 to 1. A load that would delete more of them stops, unless p_force is true';
COMMENT ON COLUMN sl.entity.breaker_floor IS 'A load may always delete this many rows, whatever their share';
COMMENT ON COLUMN sl.entity.personal_columns IS 'Columns of the source that are emptied for a forgotten key';
COMMENT ON COLUMN sl.entity.plausible_from IS 'A load rejects a source row whose updated_at lies before this';
COMMENT ON COLUMN sl.entity.future_tolerance IS
'How far updated_at may lie after the clock of the load. A load rejects a row beyond it, and each later load judges it again';
COMMENT ON COLUMN sl.entity.breaker_judges_changes IS
'True: the breaker counts rows that a load would change like rows that it would delete. False: it counts deletions only';
COMMENT ON COLUMN sl.entity.longest_value IS
'Bytes of the longest value that a column of the source may hold. A load rejects a row with a longer one';
COMMENT ON COLUMN sl.entity.in_place_columns IS 'Columns whose change is written into the current version (SCD1)';
COMMENT ON COLUMN sl.entity.event_time_column IS
'Column of the source that says since when a state holds. NULL: the clock of the load';
COMMENT ON COLUMN sl.entity.deleted_column IS
'Column of the source that marks a deleted row: a boolean, or any other that is then not NULL. NULL: there is none';
COMMENT ON COLUMN sl.entity.changes IS
'stamp: a load finds what changed by changed_xid and triggers. scan: it compares the whole source, and an absent key was deleted';
COMMENT ON COLUMN sl.entity.scope_column IS
'Of scan: only keys under the delivered values of this column are judged absent. NULL: all';
COMMENT ON COLUMN sl.entity.required_columns IS 'Columns without which a load rejects a row';
COMMENT ON COLUMN sl.entity.fresh_within IS
'sl.status_lag says late where no load has brought anything newer than this. NULL: never';
COMMENT ON COLUMN sl.entity.observations_kept IS
'How many of the latest observations of an unchanged state are kept beside the first';
COMMENT ON COLUMN sl.entity.rules_version IS 'How often the rules of the entity have changed';
COMMENT ON COLUMN sl.entity.judged_version IS
'The rules_version by which the last load judged. Below rules_version: the next load judges the open rejections again';
