-- sl._canonical_keys(p_entity sl.entity, p_keys text[]) RETURNS text[]
--
-- Purpose: the texts by which sl keeps the keys that a caller has named, each once.
-- Parameters: p_entity: registry row; p_keys: keys as sl._canonical_key takes them; NULL: none are named.
-- Returns: the texts; NULL for NULL.
-- Errors: 22023 one is no key of the entity; TS003 as of sl._key_types.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._canonical_keys(p_entity sl.entity, p_keys text[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_key text;
    v_canonical text;
    v_keys text [] := '{}';
    v_types text [];
BEGIN
    IF p_keys IS NULL THEN
        RETURN NULL;
    END IF;
    FOREACH v_key IN ARRAY p_keys LOOP
        v_canonical := sl._canonical_key(p_entity, v_key);
        IF v_canonical IS NULL THEN
            v_types := sl._key_types(p_entity);
            RAISE EXCEPTION USING
                ERRCODE = '22023',
                MESSAGE = format('sl.load: %L in p_keys is no key of entity "%s"', v_key, p_entity.entity_name),
                DETAIL = 'Nothing was changed.',
                HINT = format(
                    'Give each key as a text of type %s%s.', array_to_string(v_types, ', '),
                    CASE WHEN cardinality(v_types) > 1 THEN ', several in a JSON array: ["7", "North"]' END
                );
        END IF;
        v_keys := v_keys || v_canonical;
    END LOOP;
    RETURN ARRAY(SELECT DISTINCT k.entity_key FROM unnest(v_keys) AS k (entity_key));
END;
$body$;

COMMENT ON FUNCTION sl._canonical_keys IS 'The texts by which sl keeps the keys that a caller has named';
