-- sl._can_be_key(p_type oid, p_collation oid) RETURNS boolean
--
-- Purpose: whether a column can be of a key: equal values of it have one text, by which sl tells keys.
-- Parameters: p_type, p_collation: of the column, as in pg_attribute.
-- Returns: false of jsonb, an array, a range; of a text whose collation takes different texts for equal; of a type with
--     operators of its own, such as citext: sl, whose search_path is pinned, would compare its texts, and find no
--     index.
-- Errors: none.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._can_be_key(p_type oid, p_collation oid)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    WITH RECURSIVE base AS (
        SELECT t.oid, t.typbasetype, t.typcategory, t.typname
        FROM pg_type AS t
        WHERE t.oid = p_type
        UNION ALL
        SELECT t.oid, t.typbasetype, t.typcategory, t.typname
        FROM base AS b
        INNER JOIN pg_type AS t ON t.oid = b.typbasetype
    )
    SELECT
        (
            b.typcategory IN ('B', 'D', 'E', 'I', 'N', 'S', 'T', 'Z')
            OR b.oid IN ('bytea'::regtype, 'uuid'::regtype)
            OR b.typname = 'macaddr'
        )
        AND NOT EXISTS (
            SELECT FROM pg_opclass AS o
            WHERE o.opcintype = b.oid AND o.opcdefault AND o.opcnamespace <> 'pg_catalog'::regnamespace
        )
        AND coalesce((SELECT l.collisdeterministic FROM pg_collation AS l WHERE l.oid = p_collation), true)
    FROM base AS b
    WHERE b.typbasetype = 0;
$body$;

COMMENT ON FUNCTION sl._can_be_key IS 'Whether a column can be of a key: equal values of it have one text';
