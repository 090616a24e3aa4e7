-- sl._image_hash(p_mart sl.mart) RETURNS text
--
-- Purpose: tells whether a mart is computed by the same definitions as before.
-- Parameters: p_mart: registry row.
-- Returns: a hash of the definitions of the image, of the views and functions that it reads, at any depth, and of the
--     touched function.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
--
-- What a function reads is not known to the server, unless its body is parsed with it (RETURN, BEGIN ATOMIC): of other
-- functions the text alone counts. Another major version of the server may write a definition otherwise: then one build
-- too many computes everything.
CREATE OR REPLACE FUNCTION sl._image_hash(p_mart sl.mart)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT md5(coalesce(string_agg(t.definition, E'\n' ORDER BY t.definition COLLATE "C"), ''))
        FROM (
            SELECT format('%I.%I %s', n.nspname, c.relname, pg_get_viewdef(c.oid)) AS definition
            FROM sl._image_parts(p_mart) AS p
            INNER JOIN pg_class AS c
                ON p.class_id = 'pg_class'::regclass AND c.oid = p.object_id AND c.relkind IN ('v', 'm')
            INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
            UNION ALL
            SELECT pg_get_functiondef(f.oid)
            FROM sl._image_parts(p_mart) AS p
            INNER JOIN pg_proc AS f ON p.class_id = 'pg_proc'::regclass AND f.oid = p.object_id AND f.prokind <> 'a'
            WHERE f.pronamespace <> 'pg_catalog'::regnamespace
        ) AS t
    );
END;
$body$;

COMMENT ON FUNCTION sl._image_hash IS 'Tells whether a mart is computed by the same definitions as before';
