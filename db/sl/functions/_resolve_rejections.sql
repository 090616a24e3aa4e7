-- sl._resolve_rejections(p_entity text, p_run_id bigint, p_noted_now boolean) RETURNS void
--
-- Purpose: marks the open rejections of the keys of which a load has read a good state as resolved.
-- Parameters: p_entity: name in sl.entity; p_run_id: the load; p_noted_now: those that this load has noted; else those
--     that were open before.
-- Returns: nothing.
-- Errors: none.
-- Reads: pg_temp._sl_change, sl.rejected_row. Writes: sl.rejected_row.
--
-- What was known to be bad later than the good state still is. A state that was overwritten does not heal what
-- overwrote it.
CREATE OR REPLACE FUNCTION sl._resolve_rejections(p_entity text, p_run_id bigint, p_noted_now boolean)
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
        AND coalesce(c.scd2_at >= j.observed_at, true)
        AND (j.last_run_id = p_run_id) = p_noted_now
        AND NOT (
            p_noted_now
            AND EXISTS (
                SELECT FROM pg_temp._sl_change AS n
                WHERE
                    n.scd2_key_text = c.scd2_key_text
                    AND n.scd2_action = 'rejected'
                    AND n.scd2_rule = j.rule_name
                    AND n.scd2_order > c.scd2_order
            )
        );
END;
$body$;

COMMENT ON FUNCTION sl._resolve_rejections IS 'Marks open rejections of keys that have a good state as resolved';
