-- tshop.erased_batch
--
-- Purpose: ClickHouse's part of the receipts in sl.erasure: since when what a batch erased is off the disk here, too.
-- Columns: run_id: the batch, sl.erasure.mart_run_id; erased_at.
CREATE TABLE IF NOT EXISTS tshop.erased_batch
(
    run_id Int64,
    erased_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY run_id;
