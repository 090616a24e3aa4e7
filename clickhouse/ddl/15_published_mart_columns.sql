-- tshop.published_mart_columns
--
-- Purpose: which columns the table of a mart had when it was published last. Where it has others since, the next pull
--     brings the mart again whole: what a new column holds in rows that get no new version is not known here.
-- Columns: mart: table of this database; columns: their names and types; published_at.
CREATE TABLE IF NOT EXISTS tshop.published_mart_columns
(
    mart LowCardinality(String),
    columns String,
    published_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (mart, published_at);
