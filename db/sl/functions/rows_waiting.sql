-- sl.rows_waiting(p_entity text) RETURNS bigint
--
-- Purpose: how many rows of an entity's source the next load will read, cheaply enough to ask every minute.
-- Parameters: p_entity: name in sl.entity.
-- Returns: rows, 100000 where there are that many or more; NULL where the entity is not declared, or its source is
--     compared whole.
-- Errors: 42P01 the source that sl.entity names does not exist.
-- Reads: sl.entity, sl.watermark, sl.kept_state, the source. Writes: nothing.
--
-- The rows are those of sl._read_window, found by the index on changed_xid; unlike it, this takes no transaction id.
-- The count may be too high, never too low: a transaction of any session that was running when the last load began
-- holds the window open from there on, and the rows in it that were read already are read, and counted here, once more.
-- Rows that wait for the clock alone (sl.clock_rejection) are left out.
CREATE OR REPLACE FUNCTION sl.rows_waiting(p_entity text)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
-- Without these a table whose rows wait by the million would be scanned for the first of them.
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $body$
DECLARE
    c_most CONSTANT bigint := 100000;
    v_entity sl.entity;
    v_next_xid bigint := greatest(
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_xact_id_if_assigned()::text::bigint + 1
    );
    v_from_xid bigint;
    v_to_xid bigint;
    v_rows bigint;
BEGIN
    SELECT e.* INTO v_entity FROM sl.entity AS e WHERE e.entity_name = p_entity;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    SELECT w.snapshot_xmin
    INTO v_from_xid
    FROM sl.watermark AS w
    WHERE
        w.target = format('%I.%I', v_entity.target_schema, v_entity.target_table)
        AND w.source = format('%I.%I', v_entity.source_schema, v_entity.source_table)
        AND w.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c);
    -- A source that is compared whole does not say what changed in it.
    IF v_entity.changes = 'scan' THEN
        RETURN NULL;
    END IF;
    v_to_xid := v_next_xid - 1;
    IF v_from_xid IS NULL OR v_from_xid > v_next_xid THEN
        v_from_xid := 0;
        v_to_xid := 9223372036854775807;
    END IF;

    EXECUTE format(
        'SELECT count(*) FROM (SELECT FROM %I.%I WHERE changed_xid BETWEEN %s AND %s LIMIT %s) AS w',
        v_entity.source_schema, v_entity.source_table, v_from_xid, v_to_xid, c_most
    ) INTO v_rows;
    v_rows := least(
        v_rows
        + (SELECT count(*) FROM (SELECT FROM sl.kept_state AS k WHERE k.entity_name = p_entity LIMIT c_most) AS w),
        c_most
    );
    RETURN v_rows;
END;
$body$;

COMMENT ON FUNCTION sl.rows_waiting IS 'How many rows of an entity''s source the next load will read, up to 100000';
