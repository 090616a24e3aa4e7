-- sl._check_image(p_mart sl.mart) RETURNS void
--
-- Purpose: makes sure that image and target of a mart have the same columns, before a build begins.
-- Parameters: p_mart: registry row.
-- Returns: nothing.
-- Errors: TS003 the image is gone, or has another key, or a column that the target lacks.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._check_image(p_mart sl.mart)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_missing text;
BEGIN
    SELECT string_agg(m.side || ' has no column ' || quote_ident(m.column_name), '; ' ORDER BY m.column_name)
    INTO v_missing
    FROM (
        SELECT
            format('%I.%I', p_mart.target_schema, p_mart.target_table) AS side,
            c.column_name
        FROM sl._mart_columns(p_mart) AS c
        WHERE c.target_type_name IS NULL
        UNION ALL
        SELECT
            format('%I.%I', p_mart.image_schema, p_mart.image_view),
            k.column_name
        FROM unnest(p_mart.key_columns) AS k (column_name)
        WHERE k.column_name NOT IN (SELECT c.column_name FROM sl._mart_columns(p_mart) AS c)
    ) AS m;
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Mart "%s": %s', p_mart.mart_name, v_missing),
            HINT = 'Declare the mart again (sl.declare_mart): it adds what is missing, or says what to do.';
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._check_image IS 'Makes sure that image and target of a mart have the same columns';
