-- A mart is declared (sl.declare_mart), and the engine builds it. Several marts may process the same loads.

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

ALTER TABLE sl.run RENAME COLUMN taken_up_by TO consumed_by;
ALTER TABLE sl.run RENAME CONSTRAINT run_taken_up_by_fkey TO run_consumed_by_fkey;
ALTER INDEX sl.run_not_taken_up_idx RENAME TO run_not_consumed_idx;
ALTER TABLE sl.backfill RENAME COLUMN takes_up TO consumes;

-- Loads that some marts have processed and others have not yet: mostly it is empty.
CREATE TABLE sl.consumption (
    mart_name text NOT NULL REFERENCES sl.mart ON DELETE CASCADE,
    run_id bigint NOT NULL REFERENCES sl.run,
    consumed_by bigint NOT NULL REFERENCES sl.run,
    PRIMARY KEY (run_id, mart_name)
);

-- sl.backfill takes marts, too.
UPDATE sl.run SET procedure_name = 'sl.backfill' WHERE procedure_name = 'cdm.backfill_mart';
DROP PROCEDURE IF EXISTS sl.backfill(text, bigint, boolean, boolean);
DROP PROCEDURE IF EXISTS cdm.backfill_mart(bigint);
-- The declaration makes it again.
DROP PROCEDURE IF EXISTS cdm.build_mart;
DROP FUNCTION IF EXISTS cdm.build_slice();
DROP FUNCTION IF EXISTS cdm.write_sales(bigint);
DROP FUNCTION IF EXISTS cdm.find_violations(bigint[], bigint);
