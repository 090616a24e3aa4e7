-- sl._is_in_place_read(p_entity sl.entity) RETURNS boolean
--
-- Purpose: whether a mart reads a column that the entity's loads write in place.
-- Parameters: p_entity: registry row.
-- Returns: true where the image of a mart, or a view that it reads, names such a column of the entity's target, or a
--     whole row (varattno 0 of the view's query), which may be of it. What a function reads is not known:
--     docs/adding-a-mart.md says that none reads such a column.
-- Errors: none.
-- Reads: sl.mart, pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_in_place_read(p_entity sl.entity)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
BEGIN
    RETURN cardinality(p_entity.in_place_columns) > 0 AND EXISTS (
        WITH RECURSIVE read_relation AS (
            SELECT to_regclass(format('%I.%I', m.image_schema, m.image_view))::oid AS relation_id
            FROM sl.mart AS m
            WHERE p_entity.entity_name = ANY (m.sources)
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
        INNER JOIN pg_depend AS d
            ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
        LEFT JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
        WHERE
            d.refobjid = to_regclass(format('%I.%I', p_entity.target_schema, p_entity.target_table))
            AND (a.attname = ANY (p_entity.in_place_columns) OR w.ev_action::text LIKE '%:varattno 0 %')
    );
END;
$body$;

COMMENT ON FUNCTION sl._is_in_place_read IS 'Whether a mart reads a column that the entity''s loads write in place';
