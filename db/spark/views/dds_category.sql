-- spark.dds_category
--
-- Purpose: what Spark reads of dds.category: of each version the name.
-- Columns: place: where the row lies; category_id; valid_from: start of the version, in microseconds since 1970;
--     name.
-- Reads: dds.category.
--
-- Spark reads ranges of places side by side. Times are microseconds since 1970 in UTC, which every engine takes for
-- the same moment. It has no personal data.
CREATE OR REPLACE VIEW spark.dds_category AS
SELECT
    v.ctid AS place,
    v.category_id,
    (extract(EPOCH FROM v.valid_from) * 1000000)::bigint AS valid_from,
    left(v.name, 200) AS name
FROM dds.category AS v;

COMMENT ON VIEW spark.dds_category IS 'The names of categories in each version, for Spark';
COMMENT ON COLUMN spark.dds_category.place IS
'Where the row lies (ctid): a range of places is read without the rest of the table';
COMMENT ON COLUMN spark.dds_category.category_id IS 'Key of the category, as in dds.category';
COMMENT ON COLUMN spark.dds_category.valid_from IS 'Start of the version, microseconds since 1970 (UTC)';
COMMENT ON COLUMN spark.dds_category.name IS 'Name in its first 200 characters';
