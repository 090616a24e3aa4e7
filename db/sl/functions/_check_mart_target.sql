-- sl._check_mart_target(p_mart sl.mart, p_known sl.mart) RETURNS void
--
-- Purpose: refuses a declaration of a mart that would lose or reinterpret what its target holds, or that would write
--     into a table that is not the mart's.
-- Parameters: p_mart: what is declared; p_known: what was declared before, NULLs where nothing was.
-- Returns: nothing.
-- Errors: TS008 another key or target, a column gone or of another type; the table is somebody else's, or is not as the
--     declaration would make it.
-- Reads: pg_catalog, sl.entity, sl.mart. Writes: nothing.
--
-- Of a table that no declaration has made, nobody is told to change it: it may be somebody's own.
CREATE OR REPLACE FUNCTION sl._check_mart_target(p_mart sl.mart, p_known sl.mart)
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
        v_wrong := coalesce(
            (
                SELECT format('%s is the %s of entity "%s"', v_target, w.part, e.entity_name)
                FROM sl.entity AS e
                CROSS JOIN LATERAL (
                    VALUES ('history', e.target_schema, e.target_table), ('source', e.source_schema, e.source_table)
                ) AS w (part, schema_name, table_name)
                WHERE (w.schema_name, w.table_name) = (p_mart.target_schema, p_mart.target_table)
                ORDER BY w.part
                LIMIT 1
            ),
            (
                SELECT format('%s is the target of mart "%s"', v_target, m.mart_name)
                FROM sl.mart AS m
                WHERE
                    (m.target_schema, m.target_table) = (p_mart.target_schema, p_mart.target_table)
                    AND m.mart_name <> p_mart.mart_name
            ),
            (
                SELECT format('%s is there, and is no table', v_target)
                FROM pg_class AS c
                WHERE c.oid = v_target::regclass AND c.relkind NOT IN ('r', 'p')
            ),
            (
                SELECT format(
                    '%s is there, and is not as this declaration would make it: it has %s', v_target, w.finding
                )
                FROM (
                    SELECT
                        1 AS place,
                        r.position,
                        format('no column %s of type %s', r.name, r.type_name) AS finding
                    FROM unnest(c_reserved, c_reserved_types) WITH ORDINALITY AS r (name, type_name, position)
                    WHERE
                        NOT EXISTS (
                            SELECT FROM pg_attribute AS a
                            WHERE
                                a.attrelid = v_target::regclass
                                AND a.attname = r.name
                                AND format_type(a.atttypid, a.atttypmod) = r.type_name
                        )
                    UNION ALL
                    SELECT
                        2,
                        c.column_no,
                        format('a column %I of type %s instead of %s', c.column_name, c.target_type_name, c.type_name)
                    FROM sl._mart_columns(p_mart) AS c
                    WHERE c.target_type_name <> c.type_name AND p_known.mart_name IS NULL
                    UNION ALL
                    SELECT
                        3,
                        a.attnum,
                        format('a column %I that %s lacks', a.attname, v_image)
                    FROM pg_attribute AS a
                    WHERE
                        a.attrelid = v_target::regclass
                        AND a.attnum > 0
                        AND NOT a.attisdropped
                        AND a.attname <> ALL (v_columns || c_reserved)
                        AND p_known.mart_name IS NULL
                    UNION ALL
                    SELECT
                        4,
                        1,
                        format('no unique index on (%s, version_no)', array_to_string(p_mart.key_columns, ', '))
                    WHERE
                        NOT EXISTS (
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
                ) AS w
                ORDER BY w.place, w.position
                LIMIT 1
            )
        ) || '. Name another table in p_target, or rename that one';
    END IF;
    IF v_wrong IS NULL AND p_known.mart_name IS NOT NULL AND to_regclass(v_target) IS NOT NULL THEN
        v_wrong := (
            SELECT format(
                'column %I of %s is %s, and of %s %s: ALTER TABLE %s ALTER COLUMN %I TYPE %s in a revision, or give '
                'the image its type back',
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

COMMENT ON FUNCTION sl._check_mart_target IS 'Refuses a declaration of a mart that would lose what its target holds';
