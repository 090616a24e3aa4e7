-- sl._image_parts(p_mart sl.mart) RETURNS TABLE (class_id oid, object_id oid)
--
-- Purpose: the relations and functions that a mart's image and its touched function are made of, as far as the catalog
--     knows: what the body of a function names as text it does not.
-- Parameters: p_mart: registry row.
-- Returns: pg_class or pg_proc, and the object's id; the image and the touched function first.
-- Errors: none.
-- Reads: pg_depend. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._image_parts(p_mart sl.mart)
RETURNS TABLE (class_id oid, object_id oid)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    WITH RECURSIVE part (class_id, object_id) AS (
        VALUES
        ('pg_class'::regclass::oid, to_regclass(format('%I.%I', p_mart.image_schema, p_mart.image_view))::oid),
        (
            'pg_proc'::regclass::oid,
            to_regprocedure(
                quote_ident(p_mart.touched_schema) || '.' || quote_ident(p_mart.touched_function) || '(bigint[])'
            )::oid
        )
        UNION
        SELECT
            d.refclassid,
            d.refobjid
        FROM part AS p
        LEFT JOIN pg_rewrite AS w ON p.class_id = 'pg_class'::regclass AND w.ev_class = p.object_id
        INNER JOIN pg_depend AS d
            ON
                (d.classid, d.objid) IN (('pg_rewrite'::regclass, w.oid), ('pg_proc'::regclass, p.object_id))
                AND (d.classid = 'pg_rewrite'::regclass OR p.class_id = 'pg_proc'::regclass)
        WHERE d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass)
    )
    SELECT p.class_id, p.object_id FROM part AS p WHERE p.object_id IS NOT NULL;
$body$;

COMMENT ON FUNCTION sl._image_parts IS 'The relations and functions that a mart is computed from';
