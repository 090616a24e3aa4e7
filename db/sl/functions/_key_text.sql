-- sl._key_text(p_entity sl.entity, p_row text) RETURNS text
--
-- Purpose: writes the expression by which sl keeps a key as text into dynamic SQL: equal keys have one text.
-- Parameters: p_entity: registry row; p_row: alias of a row that has the key columns.
-- Returns: an SQL expression of type text. Of one column its text (sl._value_text), '' where it is NULL; of several a
--     JSON array of their texts, e.g. ["7", "North"].
-- Errors: TS003 as of sl._key_types.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._key_text(p_entity sl.entity, p_row text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_texts text [] := ARRAY(
        SELECT sl._value_text(format('%s.%I', p_row, k.column_name), k.type_name)
        FROM unnest(p_entity.key_columns, sl._key_types(p_entity)) AS k (column_name, type_name)
    );
BEGIN
    IF cardinality(v_texts) > 1 THEN
        RETURN format('jsonb_build_array(%s)::text', array_to_string(v_texts, ', '));
    END IF;
    -- The target's key is never NULL, and a stamped source's has a unique index: only a source that is scanned needs
    -- it.
    IF p_entity.changes = 'scan' THEN
        RETURN format('coalesce(%s, '''')', v_texts[1]);
    END IF;
    RETURN v_texts[1];
END;
$body$;

COMMENT ON FUNCTION sl._key_text IS 'Writes the text by which sl keeps a key into dynamic SQL';
