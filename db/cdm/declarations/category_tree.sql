-- cdm.category_tree_image
--
-- Purpose: what cdm.category_tree should say now: where each category stands in the tree.
-- Columns: those of cdm.category_tree except the version's own.
-- Reads: as cdm.category_path.
CREATE OR REPLACE VIEW cdm.category_tree_image AS
SELECT
    c.category_id,
    c.name,
    c.path,
    c.top_category,
    c.level
FROM cdm.category_path() AS c;

COMMENT ON VIEW cdm.category_tree_image IS 'What cdm.category_tree should say now, computed afresh from dds';
COMMENT ON COLUMN cdm.category_tree_image.category_id IS 'Key of the category, as in dds.category';
COMMENT ON COLUMN cdm.category_tree_image.name IS 'Name';
COMMENT ON COLUMN cdm.category_tree_image.path IS 'Names from the top down to the category, with a slash between them';
COMMENT ON COLUMN cdm.category_tree_image.top_category IS 'The first of them';
COMMENT ON COLUMN cdm.category_tree_image.level IS 'How many they are; 1: a top category';

-- The tree of categories: where each one stands.
CALL sl.declare_mart(
    'category_tree',
    p_key => '{category_id}',
    p_sources => '{category}',
    p_published_as => 'tshop.category_tree'
);
