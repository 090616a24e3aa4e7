-- sl._collect_keys(p_mart sl.mart, p_runs bigint[], p_slice sl.backfill_slice DEFAULT NULL,
--     p_more_groups text DEFAULT NULL) RETURNS void
--
-- Purpose: sets aside the keys of a mart that a build has to compare, and of a mart without a key entity their images.
-- Parameters: p_mart: registry row; p_runs: only the keys that depend on what these loads wrote, NULL for all; p_slice:
--     only keys that lie in it, of a mart with a key entity; p_more_groups: with p_runs, a table of groups beside those
--     that depend on what the loads wrote.
-- Returns: nothing.
-- Errors: 42P07 the session has a table of a name that is written here; 23505 the image has several rows of one key;
--     23502 it, or the touched function, gives a row whose key has a NULL.
-- Reads: the target of the key entity, the image, the mart; what the touched function reads. Writes: pg_temp._sl_key,
--     pg_temp._sl_group, pg_temp._sl_image.
--
-- In order, so that what is read and written lies together. Rows of a mart with a key entity are asked of the image one
-- by one (sl._write_mart). Groups of one column are asked for all at once, by a list of constants: the planner takes it
-- into the image's own query, where its GROUP BY or PARTITION BY begins with the column, and reads once what all groups
-- need. It does not do so with rows of several columns: such groups are asked for one by one.
CREATE OR REPLACE FUNCTION sl._collect_keys(
    p_mart sl.mart,
    p_runs bigint[],
    p_slice sl.backfill_slice DEFAULT NULL,
    p_more_groups text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
SET extra_float_digits = 1
AS $body$
DECLARE
    v_types CONSTANT text [] := ARRAY(
        SELECT c.type_name
        FROM unnest(p_mart.key_columns) WITH ORDINALITY AS k (column_name, position)
        INNER JOIN sl._mart_columns(p_mart) AS c ON c.column_name = k.column_name
        ORDER BY k.position
    );
    v_touched CONSTANT text := sl._touched_rows(p_mart, format('%L::bigint[]', p_runs));
    v_places CONSTANT jsonb := jsonb_build_object(
        'in_slice', sl._slice_condition(
            p_slice,
            ARRAY(SELECT format('t.%I', k.column_name) FROM unnest(p_mart.key_columns) AS k (column_name)),
            v_types
        )
    );
    -- The elements of an array of arrays would be compared.
    v_is_one_column CONSTANT boolean := cardinality(p_mart.group_columns) = 1 AND v_types[1] NOT LIKE '%[]';
    v_held text;
    v_groups text;
BEGIN
    -- Not every build makes both of them, and sl._write_mart drops what there is.
    SELECT t.name INTO v_held
    FROM unnest(ARRAY['_sl_group', '_sl_image']) AS t (name)
    WHERE to_regclass('pg_temp.' || t.name) IS NOT NULL
    LIMIT 1;
    IF v_held IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '42P07',
            MESSAGE = format('relation "%s" already exists', v_held),
            DETAIL = 'It is a temporary table of this session. Nothing was changed.',
            HINT = format('DROP TABLE pg_temp.%I, or rename it.', v_held);
    END IF;
    IF p_runs IS NOT NULL THEN
        EXECUTE sl._mart_sql(
            p_mart,
            'CREATE TEMPORARY TABLE _sl_group ON COMMIT DROP AS '
            'SELECT DISTINCT {{group|t.%}} FROM '
            || CASE
                WHEN p_more_groups IS NULL THEN v_touched
                ELSE '(SELECT {{group|t.%}} FROM ' || v_touched || ' AS t UNION ALL TABLE ' || p_more_groups || ')'
            END
            || ' AS t ORDER BY {{group|t.%}}',
            v_places
        );
        ANALYZE pg_temp._sl_group;
        PERFORM sl._refuse_null_key(
            p_mart, 'pg_temp._sl_group', sl._mart_sql(p_mart, '{{touched}}'), p_mart.group_columns
        );
    ELSIF p_mart.key_entity IS NOT NULL AND p_slice.key_from IS NULL THEN
        PERFORM sl._refuse_null_key(
            p_mart, sl._mart_sql(p_mart, '{{image}}'), sl._mart_sql(p_mart, '{{image}}'), p_mart.key_columns
        );
    END IF;
    IF p_mart.key_entity IS NULL THEN
        IF p_runs IS NOT NULL AND v_is_one_column THEN
            EXECUTE sl._mart_sql(
                p_mart,
                'SELECT format(''%L::%s[]'', coalesce(array_agg({{group|g.%}})::text, ''{}''), $1) '
                'FROM pg_temp._sl_group AS g'
            )
            INTO v_groups
            USING v_types[1];
        END IF;
        EXECUTE sl._mart_sql(
            p_mart,
            CASE
                WHEN p_runs IS NULL
                    THEN 'CREATE TEMPORARY TABLE _sl_image ON COMMIT DROP AS SELECT * FROM {{image}}'
                WHEN v_is_one_column
                    THEN
                        'CREATE TEMPORARY TABLE _sl_image ON COMMIT DROP AS '
                        'SELECT v.* FROM {{image}} AS v WHERE {{group|v.%}} = ANY ({{groups}})'
                ELSE
                    'CREATE TEMPORARY TABLE _sl_image ON COMMIT DROP AS SELECT i.* FROM pg_temp._sl_group AS g '
                    'CROSS JOIN LATERAL (SELECT v.* FROM {{image}} AS v WHERE {{group|v.% = g.%| AND }} OFFSET 0) AS i'
            END,
            v_places || jsonb_build_object('groups', v_groups)
        );
        BEGIN
            EXECUTE sl._mart_sql(p_mart, 'CREATE UNIQUE INDEX _sl_image_key ON pg_temp._sl_image ({{key|%}})');
        EXCEPTION
            WHEN unique_violation THEN
                PERFORM sl._raise_several_images(p_mart);
        END;
        PERFORM sl._refuse_null_key(
            p_mart, 'pg_temp._sl_image', sl._mart_sql(p_mart, '{{image}}'), p_mart.key_columns
        );
        ANALYZE pg_temp._sl_image;
    END IF;
    EXECUTE sl._mart_sql(
        p_mart,
        'CREATE TEMPORARY TABLE _sl_key ON COMMIT DROP AS '
        || CASE
            WHEN p_mart.key_entity IS NOT NULL AND p_runs IS NOT NULL THEN 'TABLE pg_temp._sl_group'
            WHEN p_mart.key_entity IS NOT NULL
                THEN
                    'SELECT {{key|t.%}} FROM {{entity}} AS t WHERE t.is_current AND {{in_slice}} '
                    'UNION SELECT {{key|t.%}} FROM {{target}} AS t WHERE t.is_current AND {{in_slice}} '
                    'ORDER BY {{key|%}}'
            WHEN p_runs IS NULL
                THEN
                    'SELECT {{key|t.%}} FROM pg_temp._sl_image AS t '
                    'UNION SELECT {{key|t.%}} FROM {{target}} AS t WHERE t.is_current ORDER BY {{key|%}}'
            ELSE
                'SELECT {{key|t.%}} FROM pg_temp._sl_image AS t '
                'UNION SELECT {{key|m.%}} FROM pg_temp._sl_group AS g '
                'CROSS JOIN LATERAL ('
                'SELECT v.* FROM {{target}} AS v WHERE {{group|v.% = g.%| AND }} AND v.is_current OFFSET 0) '
                'AS m ORDER BY {{key|%}}'
        END,
        v_places
    );
    ANALYZE pg_temp._sl_key;
END;
$body$;

COMMENT ON FUNCTION sl._collect_keys IS 'Sets aside the keys of a mart that a build has to compare';
