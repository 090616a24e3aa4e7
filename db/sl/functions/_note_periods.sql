-- sl._note_periods(p_entity sl.entity, p_run_id bigint, p_are_new boolean, p_has_spliced boolean) RETURNS void
--
-- Purpose: notes for which moments a load has changed the answer to "which version of this key was valid then", for the
--     marts that look the entity up.
-- Parameters: p_entity: registry row; p_run_id: the load; p_are_new: a key without a version before is a new one;
--     p_has_spliced: histories were rebuilt, whose periods are in pg_temp._sl_period.
-- Returns: nothing.
-- Errors: none.
-- Reads: pg_temp._sl_change, pg_temp._sl_period, as sl._is_read. Writes: sl.changed_period.
--
-- A close changes no answer: in a gap the version before it is still the one. Neither does a column that is written in
-- place, unless a mart reads it. A full load may bring back a version that somebody has deleted, of which a mart has
-- rows: its keys are not new.
CREATE OR REPLACE FUNCTION sl._note_periods(
    p_entity sl.entity,
    p_run_id bigint,
    p_are_new boolean,
    p_has_spliced boolean
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_is_in_place_read CONSTANT boolean := sl._is_read(p_entity, p_entity.in_place_columns);
BEGIN
    INSERT INTO sl.changed_period (run_id, entity_name, entity_key, changed_from, changed_to, is_new)
    SELECT
        p_run_id,
        p_entity.entity_name,
        c.scd2_key_text,
        CASE WHEN c.scd2_action = 'append' THEN c.scd2_at ELSE timestamptz '-infinity' END,
        timestamptz 'infinity',
        c.scd2_sk IS NULL AND p_are_new
    FROM pg_temp._sl_change AS c
    WHERE
        c.scd2_action IN ('first', 'append')
        OR (c.scd2_action IN ('in_place', 'splice_inserted', 'splice_corrected') AND v_is_in_place_read);
    IF p_has_spliced THEN
        INSERT INTO sl.changed_period (run_id, entity_name, entity_key, changed_from, changed_to, is_new)
        SELECT p_run_id, p_entity.entity_name, p.scd2_key_text, p.changed_from, p.changed_to, p.is_new AND p_are_new
        FROM pg_temp._sl_period AS p;
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._note_periods IS 'Notes for which moments a load has changed which version is valid';
