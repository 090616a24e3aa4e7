-- sl._key_types(p_entity sl.entity) RETURNS text[]
--
-- Purpose: the SQL types of an entity's key columns, to read keys back that sl keeps as text.
-- Parameters: p_entity: registry row.
-- Returns: type names in the order of key_columns, e.g. {bigint}: of the target where it has the column, else of the
--     source.
-- Errors: TS003 the source or a key column of it does not exist, or cannot be of a key (sl._can_be_key).
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._key_types(p_entity sl.entity)
RETURNS text[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_source text := format('%I.%I', p_entity.source_schema, p_entity.source_table);
    v_target text := format('%I.%I', p_entity.target_schema, p_entity.target_table);
    v_key record;
    v_types text [] := '{}';
BEGIN
    FOR v_key IN
        SELECT
            k.column_name,
            format_type(a.atttypid, a.atttypmod) AS type_name,
            s.attnum IS NOT NULL AS is_there,
            sl._can_be_key(a.atttypid, a.attcollation) AS is_key
        FROM unnest(p_entity.key_columns) WITH ORDINALITY AS k (column_name, position)
        LEFT JOIN pg_attribute AS s
            ON s.attrelid = to_regclass(v_source) AND s.attname = k.column_name AND NOT s.attisdropped
        LEFT JOIN pg_attribute AS d
            ON d.attrelid = to_regclass(v_target) AND d.attname = k.column_name AND NOT d.attisdropped
        LEFT JOIN pg_attribute AS a
            ON a.attrelid = coalesce(d.attrelid, s.attrelid) AND a.attnum = coalesce(d.attnum, s.attnum)
        ORDER BY k.position
    LOOP
        IF NOT v_key.is_there THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS003',
                MESSAGE = format('Entity "%s": %s has no column %I', p_entity.entity_name, v_source, v_key.column_name),
                HINT = 'Give the source the column, or declare the entity again (sl.declare_entity).';
        END IF;
        IF NOT v_key.is_key THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS003',
                MESSAGE = format(
                    'Entity "%s": %s.%I of type %s cannot be a key', p_entity.entity_name, v_source, v_key.column_name,
                    v_key.type_name
                ),
                DETAIL = 'Equal values of it have several texts, by which sl would take them for different keys.',
                HINT = 'Take columns of a number, text, time or uuid for the key. A view that casts such a column, as '
                    'lower(name::text), is a source for p_changes => ''scan''.';
        END IF;
        v_types := v_types || v_key.type_name;
    END LOOP;
    RETURN v_types;
END;
$body$;

COMMENT ON FUNCTION sl._key_types IS 'The SQL types of an entity''s key columns';
