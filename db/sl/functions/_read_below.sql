-- sl._read_below(p_entity text, p_setting text) RETURNS bigint
--
-- Purpose: tells how far loads have read an entity's source, at the cost of a look into sl.watermark once a
--     transaction.
-- Parameters: p_entity: name in sl.entity; p_setting: name of the setting in which the session remembers it.
-- Returns: an id: a load has read all rows whose writing transaction lies below it. 0: no load has run.
-- Errors: none.
-- Reads: sl.entity, sl.watermark. Writes: the setting, and another one that says which transaction has asked last.
--
-- What a session remembers may be old, and is then too low, as loads read ever further: who asks the setting takes a
-- row for unread that is not, and asks here. What is kept aside although a load has read it says nothing new to the
-- next one. raw._mapping_sql raises it for one statement, which has kept all below.
CREATE OR REPLACE FUNCTION sl._read_below(p_entity text, p_setting text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_asked_by CONSTANT text := p_setting || '_asked_by';
    c_own_xid CONSTANT text := pg_current_xact_id()::text;
    v_known text := nullif(current_setting(p_setting, true), '');
BEGIN
    IF v_known IS NULL OR current_setting(c_asked_by, true) IS DISTINCT FROM c_own_xid THEN
        v_known := coalesce(
            (
                SELECT w.snapshot_xmin::text
                FROM sl.entity AS e
                INNER JOIN sl.watermark AS w
                    ON
                        w.target = format('%I.%I', e.target_schema, e.target_table)
                        AND w.source = format('%I.%I', e.source_schema, e.source_table)
                        AND w.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
                WHERE e.entity_name = p_entity
            ),
            '0'
        );
        PERFORM set_config(p_setting, v_known, false), set_config(c_asked_by, c_own_xid, false);
    END IF;
    RETURN v_known::bigint;
END;
$body$;

COMMENT ON FUNCTION sl._read_below IS 'Tells how far loads have read an entity''s source';
