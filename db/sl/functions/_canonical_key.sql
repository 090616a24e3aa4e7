-- sl._canonical_key(p_entity sl.entity, p_key text) RETURNS text
--
-- Purpose: the text by which sl keeps a key that a caller has written.
-- Parameters: p_entity: registry row; p_key: a text of the key, of several columns a JSON array: ["7", "North"].
-- Returns: the text, such as 7 of 007; NULL where p_key is none of the key's type.
-- Errors: TS003 as of sl._key_types.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._canonical_key(p_entity sl.entity, p_key text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_values CONSTANT text [] := sl._key_values(sl._key_types(p_entity), '$1');
    v_key text;
BEGIN
    EXECUTE format(
        'SELECT %s FROM (SELECT %s) AS k (%s) WHERE %s',
        sl._key_text(p_entity, 'k'), array_to_string(v_values, ', '), sl._column_list(p_entity.key_columns, '%'),
        sl._column_list(p_entity.key_columns, 'k.% IS NOT NULL', ' AND ')
    ) INTO v_key USING p_key;
    RETURN v_key;
EXCEPTION
    WHEN data_exception OR invalid_text_representation THEN
        RETURN NULL;
END;
$body$;

COMMENT ON FUNCTION sl._canonical_key IS 'The text by which sl keeps a key that a caller has written';
