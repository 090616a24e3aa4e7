-- tshop.published_mart_batch
--
-- Purpose: ledger of what was published of the marts other than the sales mart, one row a mart and build. The greatest
--     run_id of a mart is where its next pull starts, and its started_at is how the pull knows the warehouse again.
-- Columns: mart: table of this database; run_id, started_at: the build, by number and clock; row_count, current_count:
--     rows that the pull brought of it; mart_rows: rows of the whole table since then, so that lost rows show;
--     published_at.
CREATE TABLE IF NOT EXISTS tshop.published_mart_batch
(
    mart LowCardinality(String),
    run_id Int64,
    started_at DateTime64(6, 'UTC'),
    row_count Int64,
    current_count Int64,
    mart_rows Int64,
    published_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY (mart, run_id);
