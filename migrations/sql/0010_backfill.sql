-- First loads and rebuilds in slices of the key, each a transaction of its own.

CREATE TABLE sl.backfill (
    target text PRIMARY KEY,
    promised jsonb NOT NULL,
    takes_up bigint[] NOT NULL,
    system_identifier bigint NOT NULL DEFAULT (pg_control_system()).system_identifier,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
COMMENT ON TABLE sl.backfill IS 'Of each target the last first load or rebuild in slices: a row stays until the next one begins';
COMMENT ON COLUMN sl.backfill.promised IS
'What sl.watermark will say when all slices are done: of each source high_updated_at and snapshot_xmin, as they were before
the first slice was cut';
COMMENT ON COLUMN sl.backfill.takes_up IS 'The loads that the mart will have taken up when all slices are done';
COMMENT ON COLUMN sl.backfill.system_identifier IS
'The cluster in which it began: in another one (a restored dump) it is not gone on with, but begun anew';

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
COMMENT ON TABLE sl.backfill_slice IS
'A range of keys, half-open, that a session takes and brings up to the source in one transaction';
COMMENT ON COLUMN sl.backfill_slice.key_from IS 'NULL in the first slice: no lower end';
COMMENT ON COLUMN sl.backfill_slice.key_to IS 'NULL in the last slice: no upper end';
COMMENT ON COLUMN sl.backfill_slice.run_id IS 'The run that has done it; NULL while none has';
COMMENT ON COLUMN sl.backfill_slice.high_updated_at IS 'Greatest update time read in it';
COMMENT ON COLUMN sl.backfill_slice.rows_deleted IS
'Current rows that it deleted, by which, with rows_changed, the backfill is judged for an unlikely one';
COMMENT ON COLUMN sl.backfill_slice.rows_changed IS 'Rows that it changed, counted as an unlikely load counts them';

-- These have a parameter more now, which has a default: what there was would make calls ambiguous.
DROP PROCEDURE IF EXISTS sl.load_entity(
    text, boolean, boolean, bigint, bigint, bigint, bigint, bigint, bigint, bigint
);
DROP FUNCTION IF EXISTS sl.load_settled(sl.entity, bigint, bigint);
DROP FUNCTION IF EXISTS sl.erase_delivered(sl.entity, bigint, bigint);
DROP FUNCTION IF EXISTS sl.begin_run(text, text);
DROP FUNCTION IF EXISTS sl.lock_target(text, text);
