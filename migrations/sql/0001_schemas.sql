-- Schemas, and the metadata tables of the layer "sl".

CREATE SCHEMA IF NOT EXISTS sl;
CREATE SCHEMA raw;
CREATE SCHEMA dds;
CREATE SCHEMA cdm;

COMMENT ON SCHEMA sl IS 'Metadata: entities, watermarks, runs, rejected rows, routine versions, and the SCD2 engine';
COMMENT ON SCHEMA raw IS 'Mirror of the sources: current state only (SCD1)';
COMMENT ON SCHEMA dds IS 'Every version of every entity (SCD2), in event time';
COMMENT ON SCHEMA cdm IS 'The mart (SCD2), in knowledge time, and the views others read';

CREATE TABLE sl.entity (
    entity_name text PRIMARY KEY,
    source_schema text NOT NULL DEFAULT 'raw',
    source_table text NOT NULL,
    target_schema text NOT NULL DEFAULT 'dds',
    target_table text NOT NULL,
    key_column text NOT NULL,
    surrogate_key_column text NOT NULL,
    tracked_columns text[] NOT NULL CHECK (cardinality(tracked_columns) > 0),
    keeps_changed_periods boolean NOT NULL DEFAULT true,
    breaker_share numeric NOT NULL DEFAULT 0.5 CHECK (breaker_share > 0 AND breaker_share <= 1),
    breaker_floor bigint NOT NULL DEFAULT 1000 CHECK (breaker_floor >= 0),
    UNIQUE (target_schema, target_table)
);
COMMENT ON TABLE sl.entity IS 'Registry that drives the SCD2 engine: one row an entity';
COMMENT ON COLUMN sl.entity.tracked_columns IS 'Columns whose change opens a version; same names in source and target';
COMMENT ON COLUMN sl.entity.breaker_share IS
'A load that would delete or change more than this share of the current rows stops, unless it is forced';
COMMENT ON COLUMN sl.entity.breaker_floor IS 'Up to this many deleted or changed rows a load never stops, whatever their share';
COMMENT ON COLUMN sl.entity.keeps_changed_periods IS
'True where the mart looks the entity up as of a moment: a load then notes in sl.changed_period what it changed';

CREATE TABLE sl.quality_rule (
    entity_name text NOT NULL REFERENCES sl.entity,
    rule_name text NOT NULL,
    position integer NOT NULL,
    expression text NOT NULL,
    is_clock_dependent boolean NOT NULL DEFAULT false,
    description text NOT NULL,
    PRIMARY KEY (entity_name, rule_name),
    UNIQUE (entity_name, position)
);
COMMENT ON TABLE sl.quality_rule IS 'What a source row must hold to be loaded; a row is rejected by the first rule it fails';
COMMENT ON COLUMN sl.quality_rule.expression IS
'SQL condition over the columns of the source table; a row passes where it is true (NULL does not pass). It must not
raise whatever the values are (no division, no casts of text): an error stops the load';
COMMENT ON COLUMN sl.quality_rule.is_clock_dependent IS
'True where a rejected row may become good by the passing of time: such rows are judged again in each run';

CREATE TABLE sl.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    procedure_name text NOT NULL,
    target text NOT NULL,
    status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'succeeded')),
    is_full boolean NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    rows_read bigint NOT NULL DEFAULT 0,
    rows_inserted bigint NOT NULL DEFAULT 0,
    rows_corrected bigint NOT NULL DEFAULT 0,
    rows_deleted bigint NOT NULL DEFAULT 0,
    rows_unchanged bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    called_by text NOT NULL DEFAULT session_user,
    taken_up_by bigint REFERENCES sl.run,
    audited_by bigint REFERENCES sl.run,
    CONSTRAINT run_counts_add_up CHECK (
        status <> 'succeeded'
        OR rows_read = rows_inserted + rows_corrected + rows_deleted + rows_unchanged + rows_rejected
    )
);
CREATE INDEX run_target_idx ON sl.run (target, started_at);
CREATE INDEX run_not_taken_up_idx ON sl.run (target) WHERE taken_up_by IS NULL;
CREATE INDEX run_not_audited_idx ON sl.run (run_id) WHERE audited_by IS NULL;
COMMENT ON TABLE sl.run IS 'One row a run of a procedure; each row read ends as exactly one of the five outcomes';
COMMENT ON COLUMN sl.run.rows_read IS 'Rows the run looked at: inserted + corrected + deleted + unchanged + rejected';
COMMENT ON COLUMN sl.run.taken_up_by IS 'The build of the mart that has taken up what this load wrote; NULL while none has';
COMMENT ON COLUMN sl.run.audited_by IS 'The audit that has checked what this run wrote and found nothing; NULL while none has';

CREATE TABLE sl.watermark (
    target text NOT NULL,
    source text NOT NULL,
    high_updated_at timestamptz,
    snapshot_xmin bigint NOT NULL,
    system_identifier bigint NOT NULL DEFAULT (pg_control_system()).system_identifier,
    run_id bigint NOT NULL REFERENCES sl.run,
    PRIMARY KEY (target, source)
);
COMMENT ON TABLE sl.watermark IS 'How far a target has read a source';
COMMENT ON COLUMN sl.watermark.high_updated_at IS 'Greatest update time in the target, for people and checks';
COMMENT ON COLUMN sl.watermark.snapshot_xmin IS
'pg_snapshot_xmin of the last run: every transaction below it had ended then and was seen whole';
COMMENT ON COLUMN sl.watermark.system_identifier IS
'The cluster whose transaction ids these are: in another one (a restored dump) they mean nothing';

CREATE TABLE sl.rejected_row (
    rejected_row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_name text NOT NULL REFERENCES sl.entity,
    entity_key text NOT NULL,
    rule_name text NOT NULL,
    row jsonb NOT NULL,
    run_id bigint NOT NULL REFERENCES sl.run,
    rejected_at timestamptz NOT NULL,
    resolved_run_id bigint REFERENCES sl.run,
    resolved_at timestamptz,
    CHECK ((resolved_run_id IS NULL) = (resolved_at IS NULL))
);
CREATE INDEX rejected_row_open_idx ON sl.rejected_row (entity_name, entity_key) WHERE resolved_run_id IS NULL;
COMMENT ON TABLE sl.rejected_row IS 'Source rows that failed a quality rule, until a good state of their key arrives and after';

-- Written in bulk by the engine alone, hence without foreign keys: a check a row would cost more than the row.
CREATE TABLE sl.tombstone (
    entity_name text NOT NULL,
    entity_key text NOT NULL,
    deleted_at timestamptz NOT NULL,
    last_observed_at timestamptz,
    run_id bigint NOT NULL,
    PRIMARY KEY (entity_name, entity_key, deleted_at)
);
CREATE INDEX tombstone_run_idx ON sl.tombstone (run_id);
COMMENT ON TABLE sl.tombstone IS
'Observed deletions, which leave no version: without them a state that arrives after a deletion would seem to be the latest';
COMMENT ON COLUMN sl.tombstone.last_observed_at IS 'When the deletion was last observed again; NULL where only once';

CREATE TABLE sl.changed_period (
    run_id bigint NOT NULL,
    entity_name text NOT NULL,
    entity_key text,
    changed_from timestamptz NOT NULL,
    changed_to timestamptz NOT NULL
);
CREATE INDEX changed_period_run_idx ON sl.changed_period (run_id);
COMMENT ON TABLE sl.changed_period IS
'For which moments a run changed the answer to "which version of this key was valid then", until the mart has taken it up';
COMMENT ON COLUMN sl.changed_period.entity_key IS 'NULL: every key (the first load)';

CREATE TABLE sl.routine_version (
    file_name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    revision text NOT NULL
);
COMMENT ON TABLE sl.routine_version IS 'Which body of each file under db/ is installed: its hash, since when, at which schema revision';
