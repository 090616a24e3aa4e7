-- sl._find_mart_violations(p_mart text, p_runs bigint[] DEFAULT NULL, p_slice_rows bigint DEFAULT 500000)
--     RETURNS TABLE (check_name text, violations bigint, example text)
--
-- Purpose: checks a mart against the invariants that docs/history.md lists.
-- Parameters: p_mart: name in sl.mart; p_runs: check only the rows that these runs wrote, or that depend on what they
--     wrote, NULL for all; p_slice_rows: rows of the mart in one slice, where all are checked; above zero.
-- Returns: a row for each broken check of a slice: how many rows or keys break it, and the key of one.
-- Errors: TS002 the mart is not declared; TS003 image and target have not the same columns; 2201X p_slice_rows is not
--     above zero.
-- Reads: sl.mart, sl.entity, as sl._is_build_full, the mart, the image, the target of the key entity, and through the
--     touched function what that reads. Writes: nothing.
--
-- image_differs leaves out what depends on loads that no build has processed (sl._loads_to_process), and all where the
-- next build compares all: there the mart is behind, not wrong. Which rows these are is asked only if something
-- differs, and once for up to a million of such rows. What is known of given groups is fetched by an index probe each,
-- in the order of their keys, in which neighbours lie on the same pages; OFFSET 0 keeps the planner from scanning whole
-- tables. All there is of a mart with a key entity is looked at in slices of keys, as in sl._find_violations, each of
-- which has no more than p_slice_rows rows of the entity either; any other mart is compared at once.
CREATE OR REPLACE FUNCTION sl._find_mart_violations(
    p_mart text,
    p_runs bigint[] DEFAULT NULL,
    p_slice_rows bigint DEFAULT 500000
)
RETURNS TABLE (check_name text, violations bigint, example text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
DECLARE
    v_mart sl.mart := sl._mart_of(p_mart);
    v_target CONSTANT text := format('%I.%I', v_mart.target_schema, v_mart.target_table);
    v_is_sliced CONSTANT boolean := v_mart.key_entity IS NOT NULL
        AND (p_runs IS NULL OR v_mart.touched_function IS NULL);
    v_is_some CONSTANT boolean := p_runs IS NOT NULL AND v_mart.touched_function IS NOT NULL;
    v_is_behind CONSTANT boolean := sl._is_build_full(v_mart, sl._loads_to_process(p_mart));
    v_types CONSTANT text [] := ARRAY(
        SELECT c.type_name
        FROM unnest(v_mart.key_columns) WITH ORDINALITY AS k (column_name, position)
        INNER JOIN sl._mart_columns(v_mart) AS c ON c.column_name = k.column_name
        ORDER BY k.position
    );
    v_key CONSTANT text [] := ARRAY(
        SELECT format('t.%I', k.column_name) FROM unnest(v_mart.key_columns) AS k (column_name)
    );
    v_places jsonb;
    v_slice sl.backfill_slice;
    v_slices bigint := 0;
    v_found record;
    v_differing text [] := '{}';
    v_differing_groups text [] := '{}';
BEGIN
    PERFORM sl._check_image(v_mart);
    v_places := jsonb_build_object(
        'runs', format('%L::bigint[]', p_runs),
        'touched_rows', sl._touched_rows(v_mart, format('%L::bigint[]', p_runs)),
        'key_text', sl._mart_text(v_mart, v_mart.key_columns, 'f'),
        'group_text', sl._mart_text(v_mart, v_mart.group_columns, 'f'),
        'bound', CASE
            WHEN cardinality(v_key) = 1 THEN v_key[1] || '::text'
            ELSE format('jsonb_build_array(%s::text)::text', array_to_string(v_key, '::text, '))
        END
    );
    LOOP
        IF v_is_sliced THEN
            EXECUTE sl._mart_sql(
                v_mart,
                $sql$
                SELECT {{bound}}
                FROM (
                    (SELECT {{key|t.%}} FROM {{target}} AS t WHERE {{after}} ORDER BY {{key|t.%}} OFFSET $1 - 1 LIMIT 1)
                    UNION ALL
                    (SELECT {{key|t.%}} FROM {{entity}} AS t WHERE {{after}} ORDER BY {{key|t.%}} OFFSET $1 - 1 LIMIT 1)
                ) AS t
                ORDER BY {{key|t.%}}
                LIMIT 1
                $sql$,
                v_places || jsonb_build_object(
                    'after', CASE
                        WHEN v_slice.key_from IS NULL THEN 'true'
                        ELSE format(
                            '(%s) > (%s)', array_to_string(v_key, ', '),
                            array_to_string(sl._key_values(v_types, quote_literal(v_slice.key_from)), ', ')
                        )
                    END
                )
            )
            INTO v_slice.key_to
            USING p_slice_rows;
        END IF;
        FOR v_found IN EXECUTE sl._mart_sql(
            v_mart,
            CASE
                WHEN v_is_some THEN
                    $sql$
                    WITH touched AS MATERIALIZED (
                        SELECT {{group|t.%}} FROM {{touched_rows}} AS t
                        UNION
                        SELECT {{group|m.%}} FROM {{target}} AS m WHERE m.run_id = ANY ({{runs}})
                        ORDER BY {{group|%}}
                    ),
                    -- Asked twice, which costs less than to write it down.
                    mart AS NOT MATERIALIZED (
                        SELECT m.*
                        FROM touched AS k
                        CROSS JOIN LATERAL (SELECT * FROM {{target}} AS v WHERE {{group|v.% = k.%| AND }} OFFSET 0) AS m
                    ),
                    image AS (
                        SELECT i.*
                        FROM touched AS k
                        CROSS JOIN LATERAL (SELECT * FROM {{image}} AS v WHERE {{group|v.% = k.%| AND }} OFFSET 0) AS i
                    ),
                    $sql$
                ELSE
                    $sql$
                    WITH mart AS NOT MATERIALIZED (SELECT t.* FROM {{target}} AS t WHERE {{in_slice}}),
                    image AS (SELECT t.* FROM {{image}} AS t WHERE {{in_slice}}),
                    $sql$
            END
            || $sql$
            version AS (
                SELECT
                    {{key|m.%}},
                    m.version_no,
                    m.valid_from,
                    m.valid_to,
                    m.is_current,
                    lead(m.valid_from) OVER w AS scd2_next_from,
                    row_number() OVER w AS scd2_expected_no
                FROM mart AS m
                WINDOW w AS (PARTITION BY {{key|m.%}} ORDER BY m.version_no)
            ),
            finding AS (
                SELECT 'interval_empty' AS scd2_check, {{key|v.%}} FROM version AS v WHERE v.valid_from >= v.valid_to
                UNION ALL
                SELECT 'versions_overlap', {{key|v.%}} FROM version AS v WHERE v.valid_to > v.scd2_next_from
                UNION ALL
                SELECT 'version_numbers_broken', {{key|v.%}} FROM version AS v WHERE v.version_no <> v.scd2_expected_no
                UNION ALL
                SELECT 'current_flag_wrong', {{key|v.%}} FROM version AS v
                WHERE v.is_current <> (v.valid_to = 'infinity')
                UNION ALL
                SELECT 'several_current', {{key|v.%}} FROM version AS v
                WHERE v.is_current
                GROUP BY {{key|v.%}}
                HAVING count(*) > 1
                UNION ALL
                SELECT 'image_differs', {{key|coalesce(m.%, i.%)}}
                FROM (SELECT * FROM mart WHERE is_current) AS m
                FULL JOIN image AS i ON {{key|i.% = m.%| AND }}
                WHERE ({{key|m.%}}{{value|, m.%|}}) IS DISTINCT FROM ({{key|i.%}}{{value|, i.%|}})
            )
            SELECT
                f.scd2_check AS check_name,
                count(*) AS violations,
                (array_agg({{key_text}} ORDER BY {{key|f.%}}))[1] AS example,
                array_agg({{key_text}} ORDER BY {{key|f.%}}) FILTER (WHERE f.scd2_check = 'image_differs') AS differing,
                array_agg({{group_text}} ORDER BY {{key|f.%}}) FILTER (WHERE f.scd2_check = 'image_differs') AS groups
            FROM finding AS f
            GROUP BY f.scd2_check
            $sql$,
            v_places || jsonb_build_object('in_slice', sl._slice_condition(v_slice, v_key, v_types))
        )
        LOOP
            v_differing := v_differing || v_found.differing;
            v_differing_groups := v_differing_groups || v_found.groups;
            CONTINUE WHEN v_found.differing IS NOT NULL;
            check_name := v_found.check_name;
            violations := v_found.violations;
            example := v_found.example;
            RETURN NEXT;
        END LOOP;
        IF v_slice.key_to IS NULL OR cardinality(v_differing) >= 1000000 THEN
            IF v_differing <> '{}' AND NOT v_is_behind THEN
                RETURN QUERY EXECUTE sl._mart_sql(
                    v_mart,
                    'SELECT ''image_differs'', count(*), (array_agg(d.key_text ORDER BY d.position))[1] '
                    'FROM unnest($1, $2) WITH ORDINALITY AS d (key_text, group_text, position) '
                    || CASE
                        WHEN v_mart.touched_function IS NOT NULL
                            THEN
                                'WHERE NOT EXISTS ('
                                'SELECT FROM {{touched}}(sl._loads_to_process({{name}})) AS f '
                                'WHERE {{group_text}} = d.group_text) '
                        ELSE ''
                    END
                    || 'HAVING count(*) > 0',
                    v_places || jsonb_build_object('name', quote_literal(p_mart))
                )
                USING v_differing, v_differing_groups;
            END IF;
            v_differing := '{}';
            v_differing_groups := '{}';
        END IF;
        EXIT WHEN v_slice.key_to IS NULL;
        v_slices := v_slices + 1;
        RAISE NOTICE 'sl.audit: %: % rows looked at', v_target, v_slices * p_slice_rows;
        v_slice.key_from := v_slice.key_to;
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION sl._find_mart_violations IS 'Checks a mart against the invariants';
