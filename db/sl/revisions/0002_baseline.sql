-- The engine's tables. In a warehouse the revisions 0001 to 0021 of migrations/ have made the same.

COMMENT ON SCHEMA sl IS 'Metadata: entities, watermarks, runs, rejected rows, routine versions, and the SCD2 engine';

CREATE TABLE sl.entity (
    entity_name text PRIMARY KEY,
    source_schema text NOT NULL,
    source_table text NOT NULL,
    target_schema text NOT NULL DEFAULT 'dds',
    target_table text NOT NULL,
    surrogate_key_column text NOT NULL,
    tracked_columns text[] NOT NULL,
    keeps_changed_periods boolean NOT NULL DEFAULT false,
    breaker_share numeric NOT NULL DEFAULT 0.5 CHECK (breaker_share > 0 AND breaker_share <= 1),
    breaker_floor bigint NOT NULL DEFAULT 1000 CHECK (breaker_floor >= 0),
    personal_columns text[] NOT NULL DEFAULT '{}',
    plausible_from timestamptz NOT NULL DEFAULT '1900-01-01 00:00:00+00',
    future_tolerance interval NOT NULL DEFAULT '5 minutes' CHECK (future_tolerance >= interval '0'),
    breaker_judges_changes boolean NOT NULL DEFAULT false,
    longest_value integer NOT NULL DEFAULT 65536 CHECK (longest_value BETWEEN 1 AND 1000000),
    key_columns text[] NOT NULL CHECK (cardinality(key_columns) > 0),
    in_place_columns text[] NOT NULL DEFAULT '{}',
    event_time_column text,
    deleted_column text,
    changes text NOT NULL DEFAULT 'stamp' CHECK (changes IN ('stamp', 'scan')),
    scope_column text CHECK (scope_column IS NULL OR changes = 'scan'),
    required_columns text[] NOT NULL DEFAULT '{}',
    fresh_within interval CHECK (fresh_within > interval '0'),
    observations_kept integer NOT NULL DEFAULT 16 CHECK (observations_kept BETWEEN 1 AND 100000),
    rules_version bigint NOT NULL DEFAULT 0,
    judged_version bigint NOT NULL DEFAULT 0,
    UNIQUE (target_schema, target_table)
);

CREATE TABLE sl.quality_rule (
    entity_name text NOT NULL REFERENCES sl.entity,
    rule_name text NOT NULL,
    position integer NOT NULL,
    expression text NOT NULL,
    is_clock_dependent boolean NOT NULL DEFAULT false,
    description text NOT NULL,
    severity text NOT NULL DEFAULT 'reject' CHECK (severity IN ('reject', 'warn')),
    PRIMARY KEY (entity_name, rule_name),
    UNIQUE (entity_name, position)
);

CREATE SEQUENCE sl.run_end;
COMMENT ON SEQUENCE sl.run_end IS 'Numbers runs in the order in which they end';
CREATE TABLE sl.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    procedure_name text NOT NULL,
    target text NOT NULL,
    status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'succeeded', 'failed')),
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
    consumed_by bigint REFERENCES sl.run,
    audited_by bigint REFERENCES sl.run,
    error_sqlstate text,
    error_message text,
    error_context text,
    rows_late bigint,
    stamped_at timestamptz,
    end_no bigint,
    CONSTRAINT run_counts_add_up CHECK (
        status <> 'succeeded'
        OR rows_read = rows_inserted + rows_corrected + rows_deleted + rows_unchanged + rows_rejected
    ),
    CONSTRAINT run_error_check CHECK ((status = 'failed') = (error_message IS NOT NULL))
);
CREATE INDEX run_target_idx ON sl.run (target, started_at);
CREATE INDEX run_target_end_idx ON sl.run (target, end_no);
CREATE INDEX run_procedure_end_idx ON sl.run (procedure_name, end_no) WHERE status = 'succeeded';
CREATE INDEX run_not_consumed_idx ON sl.run (target) WHERE consumed_by IS NULL;
CREATE INDEX run_not_audited_idx ON sl.run (run_id) WHERE audited_by IS NULL AND status = 'succeeded';

CREATE TABLE sl.watermark (
    target text NOT NULL,
    source text NOT NULL,
    high_updated_at timestamptz,
    snapshot_xmin bigint NOT NULL,
    system_identifier bigint NOT NULL DEFAULT (pg_control_system()).system_identifier,
    run_id bigint NOT NULL REFERENCES sl.run,
    PRIMARY KEY (target, source)
);

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
    observed_at timestamptz,
    times_seen bigint NOT NULL DEFAULT 1,
    last_seen timestamptz NOT NULL,
    last_run_id bigint NOT NULL REFERENCES sl.run,
    CHECK ((resolved_run_id IS NULL) = (resolved_at IS NULL))
);
CREATE UNIQUE INDEX rejected_row_open_key ON sl.rejected_row (entity_name, entity_key, rule_name)
WHERE resolved_run_id IS NULL;
CREATE INDEX rejected_row_open_rule_idx ON sl.rejected_row (entity_name, rule_name) WHERE resolved_run_id IS NULL;

CREATE TABLE sl.rule_warning (
    run_id bigint NOT NULL REFERENCES sl.run,
    entity_name text NOT NULL REFERENCES sl.entity,
    rule_name text NOT NULL,
    rows bigint NOT NULL,
    example_key text NOT NULL,
    PRIMARY KEY (run_id, rule_name)
);

CREATE TABLE sl.tombstone (
    entity_name text NOT NULL,
    entity_key text NOT NULL,
    deleted_at timestamptz NOT NULL,
    observed_at timestamptz[],
    run_id bigint NOT NULL,
    is_tied boolean NOT NULL DEFAULT false,
    is_gone boolean NOT NULL DEFAULT false,
    PRIMARY KEY (entity_name, entity_key, deleted_at)
);
CREATE INDEX tombstone_run_idx ON sl.tombstone (run_id);
CREATE INDEX tombstone_gone_idx ON sl.tombstone (entity_name) WHERE is_gone;

CREATE TABLE sl.kept_state (
    kept_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_name text NOT NULL,
    changed_xid bigint,
    kept_at timestamptz NOT NULL,
    deleted_at timestamptz,
    state jsonb NOT NULL
);
CREATE INDEX kept_state_entity_idx ON sl.kept_state (entity_name, kept_no);

CREATE TABLE sl.changed_period (
    run_id bigint NOT NULL,
    entity_name text NOT NULL,
    entity_key text,
    changed_from timestamptz NOT NULL,
    changed_to timestamptz NOT NULL,
    is_new boolean NOT NULL DEFAULT false
);
CREATE INDEX changed_period_run_idx ON sl.changed_period (run_id);

CREATE TABLE sl.erasure (
    entity_name text NOT NULL REFERENCES sl.entity,
    entity_key text NOT NULL,
    run_id bigint NOT NULL REFERENCES sl.run,
    mart_run_id bigint REFERENCES sl.run,
    erased_at timestamptz NOT NULL,
    erased_by text NOT NULL DEFAULT session_user,
    raw_rows bigint NOT NULL,
    dds_versions bigint NOT NULL,
    mart_versions bigint NOT NULL,
    rejected_rows bigint NOT NULL,
    PRIMARY KEY (entity_name, entity_key, run_id)
);

CREATE TABLE sl.backfill (
    target text PRIMARY KEY,
    promised jsonb NOT NULL,
    consumes bigint[] NOT NULL,
    system_identifier bigint NOT NULL DEFAULT (pg_control_system()).system_identifier,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);

CREATE TABLE sl.backfill_slice (
    target text NOT NULL REFERENCES sl.backfill ON DELETE CASCADE,
    slice_no integer NOT NULL,
    key_from text,
    key_to text,
    run_id bigint REFERENCES sl.run,
    high_updated_at timestamptz,
    rows_deleted bigint,
    rows_changed bigint,
    PRIMARY KEY (target, slice_no)
);

CREATE TABLE sl.mart (
    mart_name text PRIMARY KEY,
    target_schema text NOT NULL,
    target_table text NOT NULL,
    image_schema text NOT NULL,
    image_view text NOT NULL,
    build_schema text NOT NULL,
    build_procedure text NOT NULL,
    key_columns text[] NOT NULL CHECK (cardinality(key_columns) > 0),
    group_columns text[] NOT NULL CHECK (group_columns = key_columns[1:cardinality(group_columns)]),
    key_entity text REFERENCES sl.entity,
    touched_schema text,
    touched_function text,
    sources text[] NOT NULL CHECK (cardinality(sources) > 0),
    personal jsonb NOT NULL DEFAULT '{}',
    published_as text,
    UNIQUE (target_schema, target_table),
    UNIQUE (build_schema, build_procedure),
    CHECK ((touched_schema IS NULL) = (touched_function IS NULL))
);

CREATE TABLE sl.consumption (
    mart_name text NOT NULL REFERENCES sl.mart ON DELETE CASCADE,
    run_id bigint NOT NULL REFERENCES sl.run,
    consumed_by bigint NOT NULL REFERENCES sl.run,
    PRIMARY KEY (run_id, mart_name)
);
