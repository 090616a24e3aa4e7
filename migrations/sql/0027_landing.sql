-- Landing: what other systems send as JSON, as it came; how far it was read and brought into raw; what could not be.

CREATE SCHEMA landing;
COMMENT ON SCHEMA landing IS 'What other systems send as JSON, as it came, and how far each stream of it is';

CREATE TABLE landing.stream (
    stream text PRIMARY KEY,
    kept_for interval NOT NULL DEFAULT '30 days' CHECK (kept_for >= interval '0'),
    schema_version integer CHECK (schema_version >= 0),
    id_base bigint NOT NULL DEFAULT 0,
    personal text[] NOT NULL DEFAULT '{}',
    source_id text,
    base bigint NOT NULL DEFAULT 0 CHECK (base >= 0)
);

CREATE TABLE landing.stream_target (
    stream text NOT NULL REFERENCES landing.stream,
    target_schema text NOT NULL,
    target_table text NOT NULL,
    key_columns text[] NOT NULL CHECK (cardinality(key_columns) > 0),
    mapped_columns text[] NOT NULL,
    mapping text NOT NULL,
    PRIMARY KEY (stream, target_schema, target_table)
);

CREATE TABLE landing.document (
    stream text NOT NULL,
    partition integer NOT NULL,
    position bigint NOT NULL,
    key text,
    body jsonb,
    written_at timestamptz NOT NULL,
    landed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream, partition, position)
);
-- The planner's statistics hold sample values, personal ones too, and no plan asks for these.
ALTER TABLE landing.document
    ALTER COLUMN key SET STATISTICS 0,
    ALTER COLUMN body SET STATISTICS 0;

CREATE TABLE landing.position (
    stream text NOT NULL REFERENCES landing.stream,
    partition integer NOT NULL,
    landed_position bigint NOT NULL DEFAULT -1,
    landed_at timestamptz,
    first_position bigint,
    end_position bigint,
    behind_since timestamptz,
    seen_at timestamptz,
    problem text,
    applied_position bigint NOT NULL DEFAULT -1,
    applied_at timestamptz,
    PRIMARY KEY (stream, partition),
    CHECK (applied_position <= landed_position)
);

CREATE TABLE landing.rejected_document (
    stream text NOT NULL,
    partition integer NOT NULL,
    position bigint NOT NULL,
    reason text NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    times_seen integer NOT NULL DEFAULT 1,
    resolved_at timestamptz,
    PRIMARY KEY (stream, partition, position)
);
CREATE INDEX rejected_document_open_idx ON landing.rejected_document (stream, partition, position)
WHERE resolved_at IS NULL;
