-- Erase
--
-- Purpose: takes off the disk what publishing has masked, after a person was erased: a masked row is not shown, and yet
--     it can be read with the mask turned off, until its part happens to be merged.
-- Reads: tshop.warehouse_run (PostgreSQL), tshop.published_batch.
-- Writes: the parts of tshop.sales_mart that hold masked rows, tshop.erased_batch.
--
-- Builds are numbered in the order they commit, so all up to the newest published one are in what was pulled, even
-- those whose rows later builds took over. Readers are not disturbed. Cut off, it is done again by the next run. The
-- parts it replaces leave the disk some minutes later (old_parts_lifetime). Needs ClickHouse 23.5 (APPLY DELETED MASK).
ALTER TABLE tshop.sales_mart APPLY DELETED MASK SETTINGS mutations_sync = 2;

INSERT INTO tshop.erased_batch (run_id)
SELECT run_id
FROM tshop.warehouse_run
WHERE
    is_erasure = 1
    AND run_id <= (SELECT max(run_id) FROM tshop.published_batch)
    AND run_id NOT IN (SELECT run_id FROM tshop.erased_batch);
