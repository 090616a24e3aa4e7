-- sl.erase_delivered(p_entity sl.entity, p_from_xid bigint, p_to_xid bigint,
--     p_slice sl.backfill_slice DEFAULT NULL) RETURNS bigint
--
-- Purpose: empties the personal columns of forgotten keys in the source rows that a run is about to read, where a
--     source delivered them by a way that fires no trigger.
-- Parameters: p_entity: registry row; p_from_xid, p_to_xid: which writing transactions' rows, both included;
--     p_slice: only keys that lie in it.
-- Returns: how many rows held any.
-- Errors: none.
-- Reads: sl.erasure, the source. Writes: the source.
--
-- A row that somebody is writing at this moment is passed over: it is the next run's.
CREATE OR REPLACE FUNCTION sl.erase_delivered(
    p_entity sl.entity,
    p_from_xid bigint,
    p_to_xid bigint,
    p_slice sl.backfill_slice DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_rows bigint;
BEGIN
    EXECUTE format(
        $sql$
        WITH found AS (
            SELECT t.%2$I AS scd2_key
            FROM %1$s AS t
            WHERE
                t.changed_xid BETWEEN $1 AND $2
                AND %5$s
                AND (%3$s)
                AND EXISTS (SELECT FROM sl.erasure AS e WHERE e.entity_name = $3 AND e.entity_key = %6$s)
            FOR UPDATE OF t SKIP LOCKED
        )
        UPDATE %1$s AS t
        SET %4$s
        FROM found AS f
        WHERE t.%2$I = f.scd2_key
        $sql$,
        format('%I.%I', p_entity.source_schema, p_entity.source_table),
        p_entity.key_column,
        sl.column_list(p_entity.personal_columns, 't.%1$I IS NOT NULL', ' OR '),
        sl.column_list(p_entity.personal_columns, '%1$I = NULL'),
        sl.slice_condition(p_slice, format('t.%I', p_entity.key_column), sl.key_type(p_entity)),
        sl.key_text(format('t.%I', p_entity.key_column), sl.key_type(p_entity))
    )
    USING p_from_xid, p_to_xid, p_entity.entity_name;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END;
$body$;

COMMENT ON FUNCTION sl.erase_delivered IS 'Empties forgotten keys in the source rows that a run is about to read';
