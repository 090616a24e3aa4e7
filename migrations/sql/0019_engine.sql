-- The engine serves any table: what an entity is, is declared (sl.declare_entity), and no state of it is lost.

-- Made again after the revisions: they read columns that go.
DROP VIEW IF EXISTS sl.status_rejected, sl.clock_rejection, sl.applied_rule, sl._source_column;

ALTER TABLE sl.entity
ADD COLUMN key_columns text[],
ADD COLUMN in_place_columns text[] NOT NULL DEFAULT '{}',
ADD COLUMN event_time_column text,
ADD COLUMN deleted_column text,
ADD COLUMN changes text NOT NULL DEFAULT 'stamp' CHECK (changes IN ('stamp', 'scan')),
ADD COLUMN scope_column text CHECK (scope_column IS NULL OR changes = 'scan'),
ADD COLUMN required_columns text[] NOT NULL DEFAULT '{}',
ADD COLUMN fresh_within interval CHECK (fresh_within > interval '0'),
ADD COLUMN observations_kept integer NOT NULL DEFAULT 16 CHECK (observations_kept BETWEEN 1 AND 100000),
ADD COLUMN rules_version bigint NOT NULL DEFAULT 0,
ADD COLUMN judged_version bigint NOT NULL DEFAULT 0,
DROP CONSTRAINT entity_tracked_columns_check;
UPDATE sl.entity
SET
    key_columns = ARRAY[key_column],
    event_time_column = 'updated_at',
    deleted_column = 'is_deleted',
    changes = 'stamp';
ALTER TABLE sl.entity
ALTER COLUMN key_columns SET NOT NULL,
ADD CONSTRAINT entity_key_columns_check CHECK (cardinality(key_columns) > 0),
DROP COLUMN key_column,
ALTER COLUMN source_schema DROP DEFAULT,
ALTER COLUMN keeps_changed_periods SET DEFAULT false;

ALTER TABLE sl.quality_rule ADD COLUMN severity text NOT NULL DEFAULT 'reject' CHECK (severity IN ('reject', 'warn'));

CREATE TABLE sl.rule_warning (
    run_id bigint NOT NULL REFERENCES sl.run,
    entity_name text NOT NULL REFERENCES sl.entity,
    rule_name text NOT NULL,
    rows bigint NOT NULL,
    example_key text NOT NULL,
    PRIMARY KEY (run_id, rule_name)
);

-- What is overwritten or deleted before a load has read it. A load consumes it: mostly it is empty.
CREATE TABLE sl.kept_state (
    kept_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity_name text NOT NULL,
    changed_xid bigint,
    kept_at timestamptz NOT NULL,
    deleted_at timestamptz,
    state jsonb NOT NULL
);
CREATE INDEX kept_state_entity_idx ON sl.kept_state (entity_name, kept_no);

-- Of an unchanged state the first and the last observation were kept, and shuffled days made another history.
ALTER TABLE dds.client
ALTER COLUMN last_observed_at TYPE timestamptz[]
USING CASE WHEN last_observed_at IS NOT NULL THEN ARRAY[last_observed_at] END;
ALTER TABLE dds.client RENAME COLUMN last_observed_at TO observed_at;
ALTER TABLE dds.product
ALTER COLUMN last_observed_at TYPE timestamptz[]
USING CASE WHEN last_observed_at IS NOT NULL THEN ARRAY[last_observed_at] END;
ALTER TABLE dds.product RENAME COLUMN last_observed_at TO observed_at;
ALTER TABLE dds.sale
ALTER COLUMN last_observed_at TYPE timestamptz[]
USING CASE WHEN last_observed_at IS NOT NULL THEN ARRAY[last_observed_at] END;
ALTER TABLE dds.sale RENAME COLUMN last_observed_at TO observed_at;
ALTER TABLE sl.tombstone
ALTER COLUMN last_observed_at TYPE timestamptz[]
USING CASE WHEN last_observed_at IS NOT NULL THEN ARRAY[last_observed_at] END,
ADD COLUMN is_tied boolean NOT NULL DEFAULT false,
ADD COLUMN is_gone boolean NOT NULL DEFAULT false;
ALTER TABLE sl.tombstone RENAME COLUMN last_observed_at TO observed_at;
CREATE INDEX tombstone_gone_idx ON sl.tombstone (entity_name) WHERE is_gone;

-- The engine's own triggers take the place of these.
DROP TRIGGER IF EXISTS stamp_changed_xid ON raw.client;
DROP TRIGGER IF EXISTS stamp_changed_xid ON raw.product;
DROP TRIGGER IF EXISTS stamp_changed_xid ON raw.sale;
DROP FUNCTION IF EXISTS raw.stamp_changed_xid();

-- Routines that are the engine's own begin with an underscore now; what a parameter more or another name leaves behind
-- goes.
DO $$
DECLARE
    v_routine text;
BEGIN
    FOR v_routine IN
        SELECT p.oid::regprocedure::text
        FROM pg_proc AS p
        WHERE
            p.pronamespace = 'sl'::regnamespace
            AND p.proname IN (
                'begin_backfill', 'begin_entity_backfill', 'begin_run', 'bound_lock_wait', 'column_list', 'entity_of',
                'erase_delivered', 'failed_rule_expression', 'find_violations', 'finish_backfill', 'finish_run',
                'finish_slice', 'key_text', 'key_type', 'load_entity', 'load_settled', 'load_slice', 'lock_target',
                'next_slice', 'raise_lock_timeout', 'read_window', 'row_as_json', 'run_load', 'slice_condition',
                'splice_history', 'write_watermark'
            )
            OR p.pronamespace = 'dds'::regnamespace AND p.proname IN ('load_client', 'load_product', 'load_sale')
    LOOP
        EXECUTE format('DROP ROUTINE %s', v_routine);
    END LOOP;
END;
$$;
