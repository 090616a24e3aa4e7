-- cdm.category_path(p_at timestamptz DEFAULT 'infinity')
--     RETURNS TABLE (category_id bigint, name text, path text, top_category text, level integer)
--
-- Purpose: the tree of categories as of a moment.
-- Parameters: p_at: the moment, in event time; infinity: the tree of the categories that there are now.
-- Returns: a row a category: path: the names from the top down to it, with ' / ' between them; top_category: the first
--     of them; level: how many they are.
-- Errors: none.
-- Reads: cdm.category_span. Writes: nothing.
--
-- The version of a category is the one valid then, before its first version the first one, in a gap the last one before
-- it. The way up ends where the parent is not known, and before a category that it has come by: what lies in a cycle,
-- or under one, has a path, too. It ends after 32 levels.
CREATE OR REPLACE FUNCTION cdm.category_path(p_at timestamptz DEFAULT 'infinity')
RETURNS TABLE (category_id bigint, name text, path text, top_category text, level integer)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH RECURSIVE known AS (
        SELECT c.category_id, c.name, c.parent_category_id
        FROM cdm.category_span AS c
        WHERE CASE WHEN p_at = 'infinity' THEN c.is_current ELSE c.effective_from <= p_at AND p_at < c.effective_to END
    ),
    way AS (
        SELECT k.category_id, k.parent_category_id, ARRAY[k.name] AS names, ARRAY[k.category_id] AS visited
        FROM known AS k
        UNION ALL
        SELECT w.category_id, k.parent_category_id, k.name || w.names, w.visited || k.category_id
        FROM way AS w
        INNER JOIN known AS k ON k.category_id = w.parent_category_id AND k.category_id <> ALL (w.visited)
        WHERE cardinality(w.visited) < 32
    )

    SELECT DISTINCT ON (w.category_id)
        w.category_id,
        w.names[cardinality(w.names)],
        array_to_string(w.names, ' / '),
        w.names[1],
        cardinality(w.names)
    FROM way AS w
    ORDER BY w.category_id, cardinality(w.names) DESC;
END;
$body$;

COMMENT ON FUNCTION cdm.category_path IS 'The tree of categories as of a moment: path and top category of each';
