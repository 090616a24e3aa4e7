-- sl.lineage
--
-- Purpose: which column is made from which, a step at a time: what a load reads, what a build reads, what a view reads.
-- Columns: source, source_column: what is read; target, target_column: what is made of it; target_column is NULL where
--     a view computes, joins or filters by it and copies it into no column: which of its columns depend on it is not
--     known. Of a column that a view copies, the copies alone are told, even where the view computes by it as well;
--     made_by: the load, the build, or NULL for a view.
-- Reads: sl.entity, sl.mart, pg_catalog.
--
-- Loads and builds are known by their declarations, views by their definitions: PostgreSQL records each column that a
-- view depends on, and of each column of the view from which one it is taken as it is (resorigtbl, resorigcol of the
-- query's own target list, which is the one at the second level of braces). The views of sl and of the server are left
-- out.
CREATE OR REPLACE VIEW sl.lineage AS
WITH view_column AS (
    SELECT DISTINCT
        v.oid AS view_id,
        d.refobjid AS source_id,
        d.refobjsubid AS source_no
    FROM pg_class AS v
    INNER JOIN pg_rewrite AS w ON w.ev_class = v.oid
    INNER JOIN pg_depend AS d
        ON d.classid = 'pg_rewrite'::regclass
        AND d.objid = w.oid
        AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid <> v.oid
        AND d.refobjsubid > 0
    WHERE
        v.relkind IN ('v', 'm')
        AND v.relnamespace NOT IN ('sl'::regnamespace, 'pg_catalog'::regnamespace, 'information_schema'::regnamespace)
),
view_token AS (
    SELECT
        v.view_id,
        t.token[2] AS text,
        sum(CASE t.token[1] WHEN '{' THEN 1 ELSE -1 END) OVER (PARTITION BY v.view_id ORDER BY t.position) AS level
    FROM (SELECT DISTINCT c.view_id FROM view_column AS c) AS v
    INNER JOIN pg_rewrite AS w ON w.ev_class = v.view_id
    CROSS JOIN LATERAL regexp_matches(
        w.ev_action::text, '(?<!\\)([{}])((?:[^{}\\]|\\.)*)', 'g'
    ) WITH ORDINALITY AS t (token, position)
),
copied AS (
    SELECT
        t.view_id,
        f.found[1]::smallint AS target_no,
        f.found[2]::oid AS source_id,
        f.found[3]::smallint AS source_no
    FROM view_token AS t
    CROSS JOIN LATERAL regexp_matches(
        t.text, ':resno (\d+) .*:resorigtbl (\d+) :resorigcol (\d+) :resjunk false'
    ) AS f (found)
    WHERE t.level = 2 AND f.found[2] <> '0'
)
SELECT
    format('%I.%I', e.source_schema, e.source_table) AS source,
    c.source_column,
    format('%I.%I', e.target_schema, e.target_table) AS target,
    c.target_column,
    format('%s.load_%s', e.target_schema, e.entity_name) AS made_by
FROM sl.entity AS e
CROSS JOIN LATERAL (
    SELECT
        d.name AS source_column,
        d.name AS target_column
    FROM unnest(e.key_columns || e.tracked_columns || e.in_place_columns) AS d (name)
    UNION ALL
    SELECT
        d.name,
        i.name
    FROM unnest(ARRAY[e.event_time_column, e.deleted_column]) AS d (name)
    CROSS JOIN (VALUES ('valid_from'), ('valid_to')) AS i (name)
    WHERE d.name IS NOT NULL AND (d.name = e.event_time_column OR i.name = 'valid_to')
) AS c
UNION ALL
SELECT
    format('%I.%I', m.image_schema, m.image_view),
    a.attname,
    format('%I.%I', m.target_schema, m.target_table),
    a.attname,
    format('%s.%s', m.build_schema, m.build_procedure)
FROM sl.mart AS m
INNER JOIN pg_namespace AS n ON n.nspname = m.image_schema
INNER JOIN pg_class AS v ON v.relnamespace = n.oid AND v.relname = m.image_view
INNER JOIN pg_attribute AS a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT
    format('%I.%I', sn.nspname, s.relname),
    sa.attname,
    format('%I.%I', vn.nspname, v.relname),
    va.attname,
    NULL
FROM (
    SELECT
        c.view_id,
        c.source_id,
        c.source_no,
        c.target_no
    FROM copied AS c
    UNION ALL
    SELECT
        r.view_id,
        r.source_id,
        r.source_no,
        NULL AS target_no
    FROM view_column AS r
    WHERE
        NOT EXISTS (
            SELECT FROM copied AS c
            WHERE c.view_id = r.view_id AND c.source_id = r.source_id AND c.source_no = r.source_no
        )
) AS l
INNER JOIN pg_class AS v ON v.oid = l.view_id
INNER JOIN pg_namespace AS vn ON vn.oid = v.relnamespace
INNER JOIN pg_class AS s ON s.oid = l.source_id
INNER JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
INNER JOIN pg_attribute AS sa ON sa.attrelid = l.source_id AND sa.attnum = l.source_no
LEFT JOIN pg_attribute AS va ON va.attrelid = l.view_id AND va.attnum = l.target_no;

COMMENT ON VIEW sl.lineage IS 'Which column is made from which, a step at a time: loads, builds, views';
COMMENT ON COLUMN sl.lineage.source IS 'Table or view that is read';
COMMENT ON COLUMN sl.lineage.source_column IS 'Column of it';
COMMENT ON COLUMN sl.lineage.target IS 'Table or view that is made';
COMMENT ON COLUMN sl.lineage.target_column IS
'Column of it. NULL: a view computes, joins or filters by source_column, and copies it into no column; which of its columns depend on it is not known. Of a source_column that a view copies, the copies alone are told, even where the view computes by it as well';
COMMENT ON COLUMN sl.lineage.made_by IS 'The load or the build. NULL: target is a view';
