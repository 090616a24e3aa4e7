-- sl.keep_states(p_entity text, p_states text) RETURNS bigint
--
-- Purpose: puts observed states of an entity aside that its source does not hold, for the next load: those that came
--     before the newest one of their key, all at once, and those that came late.
-- Parameters: p_entity: name in sl.entity, of a stamped source with an event time; p_states: a SELECT of the states,
--     with the source's column names, in the order in which they were observed. Of one key and event time the last
--     state counts.
-- Returns: how many states there were.
-- Errors: TS002 the entity is not declared; TS003 a column of its key does not exist; 22023 its source is compared
--     whole or has no event time.
-- Reads: sl.entity, sl.erasure, what p_states reads. Writes: sl.kept_state.
--
-- Only the owner may call it. Where the transaction has the newest state, too, write that into the source first: what
-- the source's trigger keeps of it then comes before these.
CREATE OR REPLACE FUNCTION sl.keep_states(p_entity text, p_states text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_rows bigint;
BEGIN
    IF v_entity.changes <> 'stamp' OR v_entity.event_time_column IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'sl.keep_states: entity "%s" %s', p_entity,
                CASE
                    WHEN v_entity.changes = 'stamp' THEN 'has no event time that states could be ordered by'
                    ELSE 'is compared whole: its source alone says what there is'
                END
            );
    END IF;
    EXECUTE sl._keep_states_sql(v_entity, p_states);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END;
$body$;

COMMENT ON FUNCTION sl.keep_states IS 'Puts observed states of an entity aside that its source does not hold';
