-- sl._resolve_rejections(p_entity text, p_run_id bigint) RETURNS void
--
-- Purpose: marks the open rejections of the keys of which a load has read a good state as resolved.
-- Parameters: p_entity: name in sl.entity; p_run_id: the load.
-- Returns: nothing.
-- Errors: none.
-- Reads: pg_temp._sl_change, sl.rejected_row. Writes: sl.rejected_row.
--
-- What was known to be bad later than the good state still is.
CREATE OR REPLACE FUNCTION sl._resolve_rejections(p_entity text, p_run_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    IF NOT EXISTS (
        SELECT FROM sl.rejected_row AS j WHERE j.entity_name = p_entity AND j.resolved_run_id IS NULL
    ) THEN
        RETURN;
    END IF;
    UPDATE sl.rejected_row AS j
    SET resolved_run_id = p_run_id, resolved_at = clock_timestamp()
    FROM pg_temp._sl_change AS c
    WHERE
        j.entity_name = p_entity
        AND j.resolved_run_id IS NULL
        AND j.entity_key = c.scd2_key_text
        AND c.scd2_action <> 'rejected'
        AND coalesce(c.scd2_at >= j.observed_at, true);
END;
$body$;

COMMENT ON FUNCTION sl._resolve_rejections IS 'Marks open rejections of keys that have a good state as resolved';
