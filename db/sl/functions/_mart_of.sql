-- sl._mart_of(p_mart text) RETURNS sl.mart
--
-- Purpose: the registry row of a mart.
-- Parameters: p_mart: name in sl.mart.
-- Returns: the row.
-- Errors: TS002 the mart is not declared.
-- Reads: sl.mart. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._mart_of(p_mart text)
RETURNS sl.mart
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_mart sl.mart;
BEGIN
    SELECT m.* INTO v_mart FROM sl.mart AS m WHERE m.mart_name = p_mart;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS002',
            MESSAGE = format('Mart "%s" is not declared', p_mart),
            DETAIL = coalesce(
                (SELECT 'Declared: ' || string_agg(m.mart_name, ', ' ORDER BY m.mart_name) FROM sl.mart AS m),
                'None is declared.'
            ),
            HINT = 'CALL sl.declare_mart, or correct the name.';
    END IF;
    RETURN v_mart;
END;
$body$;

COMMENT ON FUNCTION sl._mart_of IS 'The registry row of a mart';
