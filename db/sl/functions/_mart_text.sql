-- sl._mart_text(p_mart sl.mart, p_columns text[], p_row text) RETURNS text
--
-- Purpose: writes the text by which the audit names a key of a mart into dynamic SQL.
-- Parameters: p_mart: registry row; p_columns: columns of the key; p_row: alias of a row that has them.
-- Returns: an SQL expression of type text: as of sl._key_text.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._mart_text(p_mart sl.mart, p_columns text[], p_row text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_texts text [] := ARRAY(
        SELECT sl._value_text(format('%s.%I', p_row, k.column_name), c.type_name)
        FROM unnest(p_columns) WITH ORDINALITY AS k (column_name, position)
        INNER JOIN sl._mart_columns(p_mart) AS c ON c.column_name = k.column_name
        ORDER BY k.position
    );
BEGIN
    IF cardinality(v_texts) = 1 THEN
        RETURN v_texts[1];
    END IF;
    RETURN format('jsonb_build_array(%s)::text', array_to_string(v_texts, ', '));
END;
$body$;

COMMENT ON FUNCTION sl._mart_text IS 'Writes the text by which the audit names a key of a mart into dynamic SQL';
