-- sl._check_mart(p_mart sl.mart, p_known sl.mart) RETURNS void
--
-- Purpose: refuses a declaration of a mart that cannot be, or that would lose or reinterpret what the target holds.
-- Parameters: p_mart: what is declared; p_known: what was declared before, NULLs where nothing was.
-- Returns: nothing.
-- Errors: TS002 a source is not declared; TS003 the image, the function, or a column does not exist, or is not of a
--     type that a key can have; TS008 as of sl._check_mart_target; 22023 the rest.
-- Reads: pg_catalog, sl.entity, sl.mart, and as sl._check_mart_target. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._check_mart(p_mart sl.mart, p_known sl.mart)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_reserved CONSTANT text [] := ARRAY['version_no', 'valid_from', 'valid_to', 'is_current', 'run_id'];
    v_image CONSTANT text := format('%I.%I', p_mart.image_schema, p_mart.image_view);
    v_columns CONSTANT text [] := ARRAY(SELECT c.column_name FROM sl._mart_columns(p_mart) AS c ORDER BY c.column_no);
    v_image_alone sl.mart := p_mart;
    v_other text;
    v_types oid [];
    v_wrong text;
BEGIN
    -- A touched function may look at the mart.
    v_image_alone.touched_function := NULL;
    IF to_regclass(v_image) IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Mart "%s": there is no view %s', p_mart.mart_name, v_image),
            HINT = 'Make the image first, or correct p_image.';
    END IF;
    IF coalesce(cardinality(p_mart.sources), 0) > 0 THEN
        PERFORM sl._entity_of(s.entity_name) FROM unnest(p_mart.sources) AS s (entity_name);
    END IF;
    v_wrong := CASE
        WHEN coalesce(cardinality(p_mart.sources), 0) = 0
            THEN 'p_sources is empty: name the entities that the image reads'
        WHEN coalesce(cardinality(p_mart.key_columns), 0) = 0 THEN 'the key has no column'
        WHEN EXISTS (SELECT FROM unnest(p_mart.key_columns) AS c (name) GROUP BY c.name HAVING count(*) > 1)
            THEN 'a column stands twice in p_key'
        WHEN
            cardinality(p_mart.group_columns) = 0
            OR p_mart.group_columns IS DISTINCT FROM p_mart.key_columns[1:cardinality(p_mart.group_columns)]
            THEN 'p_group is no beginning of p_key'
        WHEN v_columns && c_reserved
            THEN format(
                'a column of %s is named like one that the target has of its own: %s', v_image,
                array_to_string(c_reserved, ', ')
            )
        WHEN EXISTS (SELECT FROM unnest(v_columns) AS c (name) WHERE c.name LIKE 'scd2\_%' OR c.name LIKE '%|%')
            THEN 'a column''s name begins with scd2_ or holds a vertical bar'
        WHEN p_mart.key_entity <> ALL (p_mart.sources)
            THEN format('p_key_entity "%s" is not in p_sources', p_mart.key_entity)
        WHEN
            (SELECT e.key_columns <> p_mart.key_columns FROM sl.entity AS e WHERE e.entity_name = p_mart.key_entity)
            OR (p_mart.key_entity IS NOT NULL AND p_mart.group_columns <> p_mart.key_columns)
            THEN format('p_key_entity "%s" has another key, or p_group is not the whole key', p_mart.key_entity)
        WHEN jsonb_typeof(p_mart.personal) <> 'object' THEN 'p_personal is no JSON object'
        ELSE (
            SELECT min(
                CASE
                    WHEN p.key <> ALL (p_mart.sources) THEN format('p_personal: "%s" is not in p_sources', p.key)
                    WHEN (SELECT cardinality(e.key_columns) > 1 FROM sl.entity AS e WHERE e.entity_name = p.key)
                        THEN format('p_personal: the key of "%s" has several columns', p.key)
                    WHEN
                        NOT coalesce(p.value ->> 'key' = ANY (v_columns), false)
                        OR coalesce(jsonb_typeof(p.value -> 'columns') <> 'array', true)
                        OR EXISTS (
                            SELECT
                            FROM jsonb_array_elements_text(
                                CASE jsonb_typeof(p.value -> 'columns')
                                    WHEN 'array' THEN p.value -> 'columns'
                                    ELSE '[]'
                                END
                            ) AS c (name)
                            WHERE c.name <> ALL (v_columns) OR c.name = ANY (p_mart.key_columns)
                        )
                        THEN format(
                            'p_personal of "%s" is not {"columns": [...], "key": "..."} with columns of %s outside the '
                            'key', p.key, v_image
                        )
                    WHEN p.value -> 'columns' = '[]' THEN format('p_personal of "%s" names no column', p.key)
                    WHEN (SELECT e.personal_columns = '{}' FROM sl.entity AS e WHERE e.entity_name = p.key)
                        THEN format(
                            'p_personal: entity "%s" has no personal columns, so that nobody of it can be forgotten: '
                            'declare them there first', p.key
                        )
                END
            )
            FROM jsonb_each(p_mart.personal) AS p
        )
    END;
    SELECT format('%I.%I builds mart "%s"', m.build_schema, m.build_procedure, m.mart_name) INTO v_other
    FROM sl.mart AS m
    WHERE
        (m.build_schema, m.build_procedure) = (p_mart.build_schema, p_mart.build_procedure)
        AND m.mart_name <> p_mart.mart_name;
    v_wrong := coalesce(
        v_wrong,
        v_other,
        (
            SELECT format(
                'the image reads %I.%I, the history of entity "%s", which is not in p_sources', e.target_schema,
                e.target_table, e.entity_name
            )
            FROM sl._image_parts(v_image_alone) AS i
            INNER JOIN sl.entity AS e ON to_regclass(format('%I.%I', e.target_schema, e.target_table)) = i.object_id
            WHERE i.class_id = 'pg_class'::regclass AND e.entity_name <> ALL (p_mart.sources)
            ORDER BY e.entity_name
            LIMIT 1
        ),
        (
            SELECT format(
                'the image reads %I.%I, the table of mart "%s", which may not be built yet: let it read the image of '
                'that mart', m.target_schema, m.target_table, m.mart_name
            )
            FROM sl._image_parts(v_image_alone) AS i
            INNER JOIN sl.mart AS m ON to_regclass(format('%I.%I', m.target_schema, m.target_table)) = i.object_id
            WHERE
                i.class_id = 'pg_class'::regclass
                AND m.mart_name <> p_mart.mart_name
                -- The image of that mart may look at what the mart has said.
                AND NOT EXISTS (
                    SELECT FROM sl._image_parts(v_image_alone) AS o
                    WHERE o.object_id = to_regclass(format('%I.%I', m.image_schema, m.image_view))
                )
            ORDER BY m.mart_name
            LIMIT 1
        ),
        (
            SELECT format(
                'p_personal of "%s": its key %I.%I is of type %s, and the key of the entity of type %s', p.key,
                p_mart.image_view, c.column_name, c.type_name, k.type_name
            )
            FROM jsonb_each(p_mart.personal) AS p
            INNER JOIN sl.entity AS e ON e.entity_name = p.key
            INNER JOIN sl._mart_columns(p_mart) AS c ON c.column_name = p.value ->> 'key'
            CROSS JOIN LATERAL (SELECT (sl._key_types(e))[1] AS type_name) AS k
            WHERE c.type_name <> k.type_name
            ORDER BY p.key
            LIMIT 1
        ),
        (
            SELECT format(
                '%I.%I is there, and is no procedure that a declaration has made. Name another one in p_procedure',
                p_mart.build_schema, p_mart.build_procedure
            )
            FROM pg_proc AS f
            INNER JOIN pg_namespace AS n ON n.oid = f.pronamespace
            WHERE
                (n.nspname, f.proname) = (p_mart.build_schema, p_mart.build_procedure)
                AND position('CALL sl._build(' IN f.prosrc) = 0
            LIMIT 1
        )
    );
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Mart "%s": %s', p_mart.mart_name, v_wrong),
            HINT = 'Correct the declaration; docs/adding-a-mart.md shows one.';
    END IF;
    SELECT string_agg(quote_ident(k.name), ', ') INTO v_wrong
    FROM unnest(p_mart.key_columns) AS k (name)
    WHERE k.name <> ALL (v_columns);
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Mart "%s": %s has no column %s', p_mart.mart_name, v_image, v_wrong),
            HINT = 'Give the image the column, or correct p_key.';
    END IF;
    SELECT format('%s.%I of type %s', v_image, c.column_name, c.type_name) INTO v_wrong
    FROM sl._mart_columns(p_mart) AS c
    INNER JOIN pg_attribute AS a ON a.attrelid = v_image::regclass AND a.attnum = c.column_no
    WHERE c.column_name = ANY (p_mart.key_columns) AND NOT sl._can_be_key(a.atttypid, a.attcollation)
    ORDER BY c.column_no
    LIMIT 1;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('Mart "%s": %s cannot be a key', p_mart.mart_name, v_wrong),
            DETAIL = 'Equal values of it have several texts, by which sl would take them for different keys.',
            HINT = 'Let the image cast it to a number, text, time or uuid, as lower(name::text).';
    END IF;
    BEGIN
        EXECUTE sl._mart_sql(
            p_mart, 'SELECT FROM {{image}} AS i WHERE false{{value| OR i.% IS DISTINCT FROM i.%|}} LIMIT 0'
        );
    EXCEPTION
        WHEN undefined_function THEN
            GET STACKED DIAGNOSTICS v_wrong = MESSAGE_TEXT;
            RAISE EXCEPTION USING
                ERRCODE = '22023',
                MESSAGE = format(
                    'Mart "%s": a column of %s is of a type whose values cannot be compared: %s', p_mart.mart_name,
                    v_image, v_wrong
                ),
                HINT = 'Let the image have no column of type json, xml or point; jsonb and text can be compared.';
    END;
    IF p_mart.touched_function IS NOT NULL THEN
        BEGIN
            EXECUTE sl._mart_sql(
                p_mart,
                'SELECT ARRAY[{{group|pg_typeof(t.%)::oid|, }}] FROM (SELECT) AS o '
                'LEFT JOIN (SELECT {{group|t.%}} FROM {{touched}}(NULL::bigint[]) AS t LIMIT 0) AS t ON true'
            ) INTO v_types;
        EXCEPTION
            WHEN undefined_function OR undefined_column OR invalid_schema_name OR wrong_object_type THEN
                v_types := '{}';
        END;
        IF
            v_types IS DISTINCT FROM ARRAY(
                SELECT a.atttypid
                FROM unnest(p_mart.group_columns) WITH ORDINALITY AS g (name, position)
                INNER JOIN pg_attribute AS a ON a.attrelid = v_image::regclass AND a.attname = g.name
                ORDER BY g.position
            )
        THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS003',
                MESSAGE = format(
                    'Mart "%s": there is no function %I.%I(bigint[]) that returns the columns %s', p_mart.mart_name,
                    p_mart.touched_schema, p_mart.touched_function,
                    (
                        SELECT
                            string_agg(format('%I %s', g.name, format_type(a.atttypid, NULL)), ', ' ORDER BY g.position)
                        FROM unnest(p_mart.group_columns) WITH ORDINALITY AS g (name, position)
                        INNER JOIN pg_attribute AS a ON a.attrelid = v_image::regclass AND a.attname = g.name
                    )
                ),
                HINT = 'Make the function first, with columns of these names and of the types of the image, or correct '
                    'p_touched.';
        END IF;
    END IF;

    PERFORM sl._check_mart_target(p_mart, p_known);
END;
$body$;

COMMENT ON FUNCTION sl._check_mart IS 'Refuses a declaration of a mart that cannot be, or that would lose data';
