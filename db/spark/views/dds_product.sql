-- spark.dds_product
--
-- Purpose: what Spark reads of dds.product: of each version what marts say of a product.
-- Columns: place: where the row lies; product_id; valid_from: start of the version, in microseconds since 1970; name;
--     category: Unknown where it is blank; category_id; price.
-- Reads: dds.product.
--
-- Spark reads ranges of places side by side. Times are microseconds since 1970 in UTC, which every engine takes for
-- the same moment. It has no personal data.
CREATE OR REPLACE VIEW spark.dds_product AS
SELECT
    v.ctid AS place,
    v.product_id,
    (extract(EPOCH FROM v.valid_from) * 1000000)::bigint AS valid_from,
    left(v.name, 200) AS name,
    CASE WHEN sl.is_blank(v.category) THEN 'Unknown' ELSE left(v.category, 200) END AS category,
    v.category_id,
    v.price
FROM dds.product AS v;

COMMENT ON VIEW spark.dds_product IS 'The names, categories and prices of products in each version, for Spark';
COMMENT ON COLUMN spark.dds_product.place IS
'Where the row lies (ctid): a range of places is read without the rest of the table';
COMMENT ON COLUMN spark.dds_product.product_id IS 'Key of the product, as in dds.product';
COMMENT ON COLUMN spark.dds_product.valid_from IS 'Start of the version, microseconds since 1970 (UTC)';
COMMENT ON COLUMN spark.dds_product.name IS 'Name in its first 200 characters';
COMMENT ON COLUMN spark.dds_product.category IS
'The product''s own text of its category, in its first 200 characters; Unknown: it has none';
COMMENT ON COLUMN spark.dds_product.category_id IS 'Category of the product, as in dds.category. NULL: it has none';
COMMENT ON COLUMN spark.dds_product.price IS 'Roubles';
