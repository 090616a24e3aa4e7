-- tshop.published_batch
--
-- Purpose: ledger of what was published, one row a run of cdm.build_mart that wrote rows. The greatest run_id is where
--     the next pull starts, and its started_at is how the pull knows the warehouse again.
-- Columns: run_id, started_at: the build, by number and clock; row_count, current_count: rows; sum_quantity: pieces;
--     sum_total_amount: roubles; all as they were when the batch was published: later batches take over the rows they
--     close. A hash is not kept: with all else known, a name can be guessed by it.
CREATE TABLE IF NOT EXISTS tshop.published_batch
(
    run_id Int64,
    started_at DateTime64(6, 'UTC'),
    row_count Int64,
    current_count Int64,
    sum_quantity Int64,
    sum_total_amount Decimal(38, 2),
    published_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY run_id;
