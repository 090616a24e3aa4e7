-- dds.is_category_in_cycle(p_category_id bigint, p_parent_category_id bigint) RETURNS boolean
--
-- Purpose: whether a category is its own ancestor, for the rule that says so.
-- Parameters: p_category_id: key of the category; p_parent_category_id: its parent.
-- Returns: true where the way up from the parent, as the source has it, comes by the category.
-- Errors: none.
-- Reads: raw.category. Writes: nothing.
--
-- UNION leaves out what was visited: a cycle that the category does not lie in ends the way up, too.
CREATE OR REPLACE FUNCTION dds.is_category_in_cycle(p_category_id bigint, p_parent_category_id bigint)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN p_category_id IN (
        WITH RECURSIVE ancestor AS (
            SELECT p_parent_category_id AS category_id
            UNION
            SELECT c.parent_category_id
            FROM ancestor AS a
            INNER JOIN raw.category AS c ON c.category_id = a.category_id
            WHERE c.parent_category_id IS NOT NULL
        )

        SELECT a.category_id
        FROM ancestor AS a
        WHERE a.category_id IS NOT NULL
    );
END;
$body$;

COMMENT ON FUNCTION dds.is_category_in_cycle IS 'Whether a category is its own ancestor';
