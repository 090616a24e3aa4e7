-- sl.key_type(p_entity sl.entity) RETURNS text
--
-- Purpose: the SQL type of an entity's key, to read keys back that sl keeps as text.
-- Parameters: p_entity: registry row.
-- Returns: a type name, e.g. bigint.
-- Errors: TS003 the source table or its key column does not exist, or is of a type whose equal values have several
--     texts (jsonb, an array, a range, a text of a collation that takes different texts for equal).
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl.key_type(p_entity sl.entity)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_source text := format('%I.%I', p_entity.source_schema, p_entity.source_table);
    v_type text;
    v_is_key boolean;
    v_is_deterministic boolean;
BEGIN
    SELECT
        format_type(a.atttypid, a.atttypmod),
        t.typcategory IN ('B', 'D', 'E', 'I', 'N', 'S', 'T', 'Z')
        OR t.oid IN ('bytea'::regtype, 'uuid'::regtype)
        OR t.typname = 'macaddr',
        coalesce(l.collisdeterministic, true)
    INTO v_type, v_is_key, v_is_deterministic
    FROM pg_attribute AS a
    INNER JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
    WHERE a.attrelid = to_regclass(v_source) AND a.attname = p_entity.key_column AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Entity "%s": %s has no column %I', p_entity.entity_name, v_source, p_entity.key_column),
            HINT = 'Correct source_schema, source_table or key_column of its row in sl.entity.';
    END IF;
    IF NOT v_is_key OR NOT v_is_deterministic THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format(
                'Entity "%s": %s.%I of type %s cannot be a key', p_entity.entity_name, v_source, p_entity.key_column,
                v_type
            ),
            DETAIL = 'Equal values of it have several texts, by which sl would take them for different keys.',
            HINT = 'Take a column of a number, text, time or uuid for the key.';
    END IF;
    RETURN v_type;
END;
$body$;

COMMENT ON FUNCTION sl.key_type IS 'The SQL type of an entity''s key';
