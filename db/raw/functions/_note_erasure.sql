-- raw._note_erasure(p_procedure text, p_entity text, p_key text) RETURNS void
--
-- Purpose: leaves a receipt of somebody who is known to landing alone: the key is known from then on, and stays
--     forgotten.
-- Parameters: p_procedure: whose call it is, as sl.run is to name it; p_entity: name in sl.entity; p_key: the key as a
--     text.
-- Returns: nothing.
-- Errors: TS001 another run on landing.document is in progress.
-- Reads: nothing. Writes: sl.run, sl.erasure.
CREATE OR REPLACE FUNCTION raw._note_erasure(p_procedure text, p_entity text, p_key text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_run_id CONSTANT bigint := sl._begin_run(p_procedure, 'landing.document');
BEGIN
    INSERT INTO sl.erasure (
        entity_name, entity_key, run_id, mart_run_id, erased_at, raw_rows, dds_versions, mart_versions, rejected_rows
    )
    VALUES (p_entity, p_key, v_run_id, NULL, clock_timestamp(), 0, 0, 0, 0);
    PERFORM sl._finish_run(v_run_id, 0, 0, 0, 0, 0, 0, false);
END;
$body$;

COMMENT ON FUNCTION raw._note_erasure IS 'Leaves a receipt of somebody who is known to landing alone';
