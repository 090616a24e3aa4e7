-- sl._keep_states_sql(p_entity sl.entity, p_states text) RETURNS text
--
-- Purpose: writes the INSERT that puts observed states of an entity aside into dynamic SQL.
-- Parameters: p_entity: registry row of a stamped source; p_states: a SELECT of the states, with the source's column
--     names, in the order in which they were observed.
-- Returns: an INSERT without RETURNING, which may stand in a WITH.
-- Errors: TS003 as of sl._key_types.
-- Reads: sl.erasure (whether there is any). Writes: nothing.
--
-- What is personal in a state of a forgotten key is left out.
CREATE OR REPLACE FUNCTION sl._keep_states_sql(p_entity sl.entity, p_states text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_forgotten CONSTANT text := sl._is_forgotten(p_entity, 's');
BEGIN
    RETURN format(
        'INSERT INTO sl.kept_state (entity_name, changed_xid, kept_at, state) '
        'SELECT %L, pg_current_xact_id()::text::bigint, clock_timestamp(), %s FROM (%s) AS s',
        p_entity.entity_name,
        CASE
            WHEN v_forgotten = 'false' OR p_entity.personal_columns = '{}' THEN 'to_jsonb(s.*)'
            ELSE format(
                'CASE WHEN %s THEN to_jsonb(s.*) - %L::text[] ELSE to_jsonb(s.*) END', v_forgotten, p_entity.personal_columns
            )
        END,
        p_states
    );
END;
$body$;

COMMENT ON FUNCTION sl._keep_states_sql IS 'Writes the INSERT that puts observed states aside into dynamic SQL';
