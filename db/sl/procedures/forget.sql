-- sl.forget(p_entity text, p_key text)
--
-- Purpose: erases a person: empties the personal columns of a key of an entity, wherever they are kept, and leaves a
--     receipt.
-- Parameters: p_entity: name in sl.entity, declared with p_personal; p_key: the key as a text, of several columns a
--     JSON array: ["7", "North"].
-- Returns: one row: run_id (on the target), mart_run_id (the newest batch of a mart that declares a copy, NULL where
--     none does), and how many rows held personal data: raw_rows (of the source), dds_versions (of the target),
--     mart_versions, rejected_rows; all 0 where the key was forgotten before.
-- Errors: as of sl._forget.
-- Reads and writes: as sl._forget.
--
-- Only the owner may call it.
CREATE OR REPLACE PROCEDURE sl.forget(
    p_entity text,
    p_key text,
    INOUT run_id bigint DEFAULT NULL,
    INOUT mart_run_id bigint DEFAULT NULL,
    INOUT raw_rows bigint DEFAULT NULL,
    INOUT dds_versions bigint DEFAULT NULL,
    INOUT mart_versions bigint DEFAULT NULL,
    INOUT rejected_rows bigint DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    CALL sl._forget(
        'sl.forget', p_entity, p_key, run_id, mart_run_id, raw_rows, dds_versions, mart_versions, rejected_rows
    );
END;
$body$;

COMMENT ON PROCEDURE sl.forget IS 'Empties the personal columns of a key wherever they are kept; reports stay the same';
