-- NULL of a mart that was declared before: what it was computed by is not known, and is taken for what it is now.
ALTER TABLE sl.mart ADD COLUMN image_hash text;

CREATE TABLE sl.overwritten_version (
    run_id bigint NOT NULL,
    entity_name text NOT NULL,
    version jsonb NOT NULL
);
CREATE INDEX overwritten_version_run_idx ON sl.overwritten_version (run_id);

-- The one returns a column more, the other takes a parameter more. Where the engine is installed for the first time,
-- they are not there yet, which is nothing to tell of.
DO $body$
BEGIN
    IF to_regprocedure('sl._mart_columns(sl.mart)') IS NOT NULL THEN
        DROP FUNCTION sl._mart_columns(sl.mart);
        DROP FUNCTION sl._collect_keys(sl.mart, bigint[], sl.backfill_slice);
    END IF;
END;
$body$;
