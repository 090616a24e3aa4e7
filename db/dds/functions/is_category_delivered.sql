-- dds.is_category_delivered(p_category_id bigint) RETURNS boolean
--
-- Purpose: whether a category is in the source, for rules of its children, which may arrive with it.
-- Parameters: p_category_id: key of the category.
-- Returns: true where the source holds it, and not as deleted.
-- Errors: none.
-- Reads: raw.category. Writes: nothing.
CREATE OR REPLACE FUNCTION dds.is_category_delivered(p_category_id bigint)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM raw.category AS c
        WHERE c.category_id = p_category_id AND c.is_deleted IS NOT TRUE
    );
END;
$body$;

COMMENT ON FUNCTION dds.is_category_delivered IS 'Whether a category is in the source';
