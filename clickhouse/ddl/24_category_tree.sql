-- tshop.category_tree
--
-- Purpose: the tree of categories as it is now: the current rows of cdm.category_tree, as far as published.
-- Columns: path: names from the top down to the category, with a slash between them; top_category: the first of them;
--     level: how many they are; version_no, valid_from: the version that the warehouse has of the row, and since when,
--     UTC; run_id: the build that wrote it; imported_at: when the row came here.
CREATE TABLE IF NOT EXISTS tshop.category_tree
(
    category_id Int64,
    name String,
    path String,
    top_category LowCardinality(String),
    level Int32,
    version_no Int32,
    valid_from DateTime64(6, 'UTC'),
    run_id Int64,
    imported_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY category_id;
