-- sl._populate(p_base anyelement, p_state jsonb, p_needed text[]) RETURNS anyelement
--
-- Purpose: makes a source row of a state that was kept as JSON, though the source may have changed since.
-- Parameters: p_base: NULL of the source's row type; p_state: its columns; p_needed: columns that must be there.
-- Returns: the row; a column that is not needed and does not fit is NULL. NULL where a needed one does not fit, or no
--     row of the type can be made of the state.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._populate(p_base anyelement, p_state jsonb, p_needed text[])
RETURNS anyelement
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
AS $body$
DECLARE
    v_column record;
    v_state jsonb := '{}';
BEGIN
    RETURN jsonb_populate_record(p_base, p_state);
EXCEPTION
    WHEN data_exception OR integrity_constraint_violation THEN
        FOR v_column IN SELECT c.key AS name, c.value FROM jsonb_each(p_state) AS c LOOP
            BEGIN
                PERFORM jsonb_populate_record(p_base, v_state || jsonb_build_object(v_column.name, v_column.value));
                v_state := v_state || jsonb_build_object(v_column.name, v_column.value);
            EXCEPTION
                WHEN data_exception THEN
                    IF v_column.name = ANY (p_needed) THEN
                        RETURN NULL;
                    END IF;
                WHEN integrity_constraint_violation THEN
                    -- A domain that is NOT NULL: of another column than this one, perhaps.
                    v_state := v_state || jsonb_build_object(v_column.name, v_column.value);
            END;
        END LOOP;
        BEGIN
            RETURN jsonb_populate_record(p_base, v_state);
        EXCEPTION
            WHEN data_exception OR integrity_constraint_violation THEN
                RETURN NULL;
        END;
END;
$body$;

COMMENT ON FUNCTION sl._populate IS 'Makes a source row of a state that was kept as JSON, whatever became of the source';
