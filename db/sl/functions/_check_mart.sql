-- sl._check_mart(p_mart sl.mart, p_known sl.mart) RETURNS void
--
-- Purpose: refuses a declaration of a mart that cannot be, or that would lose or reinterpret what the target holds.
-- Parameters: p_mart: what is declared; p_known: what was declared before, NULLs where nothing was.
-- Returns: nothing.
-- Errors: TS002 a source is not declared; TS003 the image, the function, or a column does not exist; TS008 another key
--     or target, a column gone or of another type; a table in the target's place that is not as this would make it;
--     22023 the rest.
-- Reads: pg_catalog, sl.entity. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._check_mart(p_mart sl.mart, p_known sl.mart)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    c_reserved CONSTANT text [] := ARRAY['version_no', 'valid_from', 'valid_to', 'is_current', 'run_id'];
    c_reserved_types CONSTANT text [] := ARRAY[
        'integer', 'timestamp with time zone', 'timestamp with time zone', 'boolean', 'bigint'
    ];
    v_image CONSTANT text := format('%I.%I', p_mart.image_schema, p_mart.image_view);
    v_target CONSTANT text := format('%I.%I', p_mart.target_schema, p_mart.target_table);
    v_columns CONSTANT text [] := ARRAY(SELECT c.column_name FROM sl._mart_columns(p_mart) AS c ORDER BY c.column_no);
    v_wrong text;
BEGIN
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
        WHEN coalesce(cardinality(p_mart.sources), 0) = 0 THEN 'p_sources is empty: name the entities that the image reads'
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
        WHEN p_mart.key_entity <> ALL (p_mart.sources) THEN format('p_key_entity "%s" is not in p_sources', p_mart.key_entity)
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
                                CASE jsonb_typeof(p.value -> 'columns') WHEN 'array' THEN p.value -> 'columns' ELSE '[]' END
                            ) AS c (name)
                            WHERE c.name <> ALL (v_columns) OR c.name = ANY (p_mart.key_columns)
                        )
                        THEN format(
                            'p_personal of "%s" is not {"columns": [...], "key": "..."} with columns of %s outside the key',
                            p.key, v_image
                        )
                END
            )
            FROM jsonb_each(p_mart.personal) AS p
        )
    END;
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
    IF p_mart.touched_function IS NOT NULL THEN
        BEGIN
            EXECUTE sl._mart_sql(p_mart, 'SELECT {{group|t.%}} FROM {{touched}}(NULL::bigint[]) AS t LIMIT 0');
        EXCEPTION
            WHEN undefined_function OR undefined_column OR invalid_schema_name THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'TS003',
                    MESSAGE = format(
                        'Mart "%s": there is no function %I.%I(bigint[]) that returns the columns %s', p_mart.mart_name,
                        p_mart.touched_schema, p_mart.touched_function, array_to_string(p_mart.group_columns, ', ')
                    ),
                    HINT = 'Make the function first, or correct p_touched.';
        END;
    END IF;

    v_wrong := CASE
        WHEN p_known.mart_name IS NULL THEN NULL
        WHEN (p_known.target_schema, p_known.target_table) IS DISTINCT FROM (p_mart.target_schema, p_mart.target_table)
            THEN format(
                'the target was %I.%I and is to be %s: rename the table and correct sl.mart in a revision',
                p_known.target_schema, p_known.target_table, v_target
            )
        WHEN p_known.key_columns IS DISTINCT FROM p_mart.key_columns
            THEN format(
                'the key was (%s) and is to be (%s): another key is another mart; declare one beside it',
                array_to_string(p_known.key_columns, ', '), array_to_string(p_mart.key_columns, ', ')
            )
    END;
    IF v_wrong IS NULL AND to_regclass(v_target) IS NOT NULL THEN
        v_wrong := (
            SELECT format(
                'column %I of %s is %s, and of %s %s: ALTER TABLE %s ALTER COLUMN %I TYPE %s in a revision, or give the image '
                'its type back',
                c.column_name, v_image, c.type_name, v_target, c.target_type_name, v_target, c.column_name, c.type_name
            )
            FROM sl._mart_columns(p_mart) AS c
            WHERE c.target_type_name <> c.type_name
            ORDER BY c.column_no
            LIMIT 1
        );
        v_wrong := coalesce(
            v_wrong,
            (
                SELECT format(
                    '%s has no column %s any more: drop it from %s in a revision, or give it back to the image',
                    v_image, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), v_target
                )
                FROM pg_attribute AS a
                WHERE
                    a.attrelid = v_target::regclass
                    AND a.attnum > 0
                    AND NOT a.attisdropped
                    AND a.attname <> ALL (v_columns || c_reserved)
                HAVING count(*) > 0
            ),
            (
                SELECT format(
                    '%s has no column %s of type %s, or no unique index on (%s, version_no): it is no table of versions. '
                    'Name another table in p_target, or rename that one',
                    v_target, r.name, r.type_name, array_to_string(p_mart.key_columns, ', ')
                )
                FROM unnest(c_reserved, c_reserved_types) WITH ORDINALITY AS r (name, type_name, position)
                LEFT JOIN pg_attribute AS a
                    ON a.attrelid = v_target::regclass
                    AND a.attname = r.name
                    AND format_type(a.atttypid, a.atttypmod) = r.type_name
                WHERE
                    a.attname IS NULL
                    OR NOT EXISTS (
                        SELECT
                        FROM pg_index AS i
                        WHERE
                            i.indrelid = v_target::regclass
                            AND i.indisunique
                            AND i.indisvalid
                            AND i.indpred IS NULL
                            AND ARRAY(
                                SELECT d.attname::text
                                FROM unnest(i.indkey::smallint []) WITH ORDINALITY AS k (attnum, position)
                                INNER JOIN pg_attribute AS d ON d.attrelid = i.indrelid AND d.attnum = k.attnum
                                ORDER BY k.position
                            ) = p_mart.key_columns || 'version_no'::text
                    )
                ORDER BY r.position
                LIMIT 1
            )
        );
    END IF;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS008',
            MESSAGE = format('Mart "%s": %s', p_mart.mart_name, v_wrong),
            DETAIL = 'A declaration changes nothing that would lose or reinterpret data. Nothing was changed.';
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._check_mart IS 'Refuses a declaration of a mart that cannot be, or that would lose data';
