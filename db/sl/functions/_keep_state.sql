-- sl._keep_state(p_entity text, p_row anyelement, p_changed_xid bigint, p_is_deletion boolean DEFAULT false) RETURNS
--     void
--
-- Purpose: keeps aside a state of a source row that is overwritten or deleted, until a load has read it.
-- Parameters: p_entity: name in sl.entity; p_row: the row as it was; p_changed_xid: id of the transaction that wrote
--     it; p_is_deletion: what is to be read is that this transaction has deleted the row, not the state.
-- Returns: nothing.
-- Errors: none.
-- Reads: sl.entity. Writes: sl.kept_state.
--
-- A row may hold more than a JSON can: then only its key and its event time are kept. A column that nobody declared may
-- hold what no JSON does (a json with a \u0000): then the declared columns alone are kept. What is
-- personal in a state of a forgotten key is kept, too, until a load is about to read it (sl._erase_delivered).
CREATE OR REPLACE FUNCTION sl._keep_state(
    p_entity text,
    p_row anyelement,
    p_changed_xid bigint,
    p_is_deletion boolean DEFAULT false
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $body$
DECLARE
    v_state jsonb;
BEGIN
    BEGIN
        v_state := to_jsonb(p_row);
    EXCEPTION
        WHEN program_limit_exceeded OR data_exception THEN
            v_state := (
                SELECT jsonb_object_agg(k.column_name, r.value)
                FROM sl.entity AS e
                CROSS JOIN LATERAL unnest(
                    e.key_columns || e.event_time_column
                    || CASE
                        WHEN SQLSTATE <> '54000' THEN e.tracked_columns || e.in_place_columns || e.deleted_column
                    END
                ) AS k (column_name)
                CROSS JOIN LATERAL sl._field(p_row, k.column_name) AS r (value)
                WHERE e.entity_name = p_entity AND k.column_name IS NOT NULL
            );
    END;
    INSERT INTO sl.kept_state (entity_name, changed_xid, kept_at, deleted_at, state)
    VALUES (
        p_entity, p_changed_xid, clock_timestamp(), CASE WHEN p_is_deletion THEN clock_timestamp() END, v_state
    );
END;
$body$;

COMMENT ON FUNCTION sl._keep_state IS 'Keeps aside a state of a source row until a load has read it';
