-- sl._is_read(p_entity sl.entity, p_columns text[], p_mart text DEFAULT NULL) RETURNS boolean
--
-- Purpose: whether a mart reads one of some columns of an entity, such as those that its loads write in place.
-- Parameters: p_entity: registry row; p_columns: columns of its target; p_mart: name in sl.mart (NULL: any mart of the
--     entity).
-- Returns: true where the image, or a view that it reads, names such a column of the target, or a whole row (varattno 0
--     of the view's query), which may be of it, or calls a function whose text has the name of one.
-- Errors: none.
-- Reads: sl.mart, pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_read(p_entity sl.entity, p_columns text[], p_mart text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    RETURN cardinality(p_columns) > 0 AND EXISTS (
        WITH RECURSIVE read_relation AS (
            SELECT to_regclass(format('%I.%I', m.image_schema, m.image_view))::oid AS relation_id
            FROM sl.mart AS m
            WHERE p_entity.entity_name = ANY (m.sources) AND m.mart_name = coalesce(p_mart, m.mart_name)
            UNION
            SELECT d.refobjid
            FROM read_relation AS r
            INNER JOIN pg_rewrite AS w ON w.ev_class = r.relation_id
            INNER JOIN pg_depend AS d
                ON
                    d.classid = 'pg_rewrite'::regclass
                    AND d.objid = w.oid
                    AND d.refclassid = 'pg_class'::regclass
        )

        SELECT
        FROM read_relation AS r
        INNER JOIN pg_rewrite AS w ON w.ev_class = r.relation_id
        INNER JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        LEFT JOIN pg_attribute AS a
            ON
                d.refclassid = 'pg_class'::regclass
                AND a.attrelid = d.refobjid
                AND a.attnum = d.refobjsubid
                AND a.attnum > 0
        LEFT JOIN pg_proc AS f ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid
        WHERE
            f.oid IS NULL
            AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = to_regclass(format('%I.%I', p_entity.target_schema, p_entity.target_table))
            AND (a.attname = ANY (p_columns) OR w.ev_action::text LIKE '%:varattno 0 %')
            OR EXISTS (SELECT FROM unnest(p_columns) AS c (name) WHERE strpos(f.prosrc, c.name) > 0)
    );
END;
$body$;

COMMENT ON FUNCTION sl._is_read IS 'Whether a mart reads one of some columns of an entity';
