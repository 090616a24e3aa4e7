-- dds.is_category_known(p_category_id bigint) RETURNS boolean
--
-- Purpose: whether a category is known, for rules of products.
-- Parameters: p_category_id: key of the category.
-- Returns: true where it has a current version.
-- Errors: none.
-- Reads: dds.category. Writes: nothing.
CREATE OR REPLACE FUNCTION dds.is_category_known(p_category_id bigint)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM dds.category AS c
        WHERE c.category_id = p_category_id AND c.is_current
    );
END;
$body$;

COMMENT ON FUNCTION dds.is_category_known IS 'Whether a category is known';
