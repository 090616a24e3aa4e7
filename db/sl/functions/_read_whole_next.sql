-- sl._read_whole_next(p_entity sl.entity) RETURNS void
--
-- Purpose: makes the next load of an entity compare the whole source.
-- Parameters: p_entity: registry row.
-- Returns: nothing.
-- Errors: none.
-- Reads: nothing. Writes: sl.watermark.
CREATE OR REPLACE FUNCTION sl._read_whole_next(p_entity sl.entity)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    UPDATE sl.watermark AS w
    SET snapshot_xmin = 0
    WHERE w.target = format('%I.%I', p_entity.target_schema, p_entity.target_table);
$body$;

COMMENT ON FUNCTION sl._read_whole_next IS 'Makes the next load of an entity compare the whole source';
