-- NULL of a mart that was declared before: what it was computed by is not known, and is taken for what it is now.
ALTER TABLE sl.mart ADD COLUMN image_hash text;
-- It returns a column more.
DROP FUNCTION IF EXISTS sl._mart_columns(sl.mart);
-- It takes a parameter more.
DROP FUNCTION IF EXISTS sl._collect_keys(sl.mart, bigint[], sl.backfill_slice);
