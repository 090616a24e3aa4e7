-- The stores' weekly files: which were landed, and the lines that were refused.

CREATE TABLE landing.file (
    stream text NOT NULL,
    week text NOT NULL CHECK (week ~ '^[0-9]{4}-W[0-9]{2}$'),
    region text NOT NULL,
    sha256 text NOT NULL,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    bytes bigint NOT NULL,
    lines bigint NOT NULL,
    exact_duplicates bigint NOT NULL,
    near_duplicates bigint NOT NULL,
    refused bigint NOT NULL,
    landed bigint NOT NULL,
    deleted bigint NOT NULL DEFAULT 0,
    quantity bigint,
    amount numeric(16, 2),
    counts_from timestamptz NOT NULL,
    landed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream, week, region),
    -- No line vanishes.
    CHECK (lines = exact_duplicates + near_duplicates + refused + landed)
);

CREATE TABLE landing.refused_line (
    stream text NOT NULL,
    week text NOT NULL,
    region text NOT NULL,
    line_no integer NOT NULL,
    key text,
    line text NOT NULL,
    reason text NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream, week, region, line_no)
);
-- The planner's statistics hold sample values, personal ones too, and no plan asks for these.
ALTER TABLE landing.refused_line
    ALTER COLUMN key SET STATISTICS 0,
    ALTER COLUMN line SET STATISTICS 0;
