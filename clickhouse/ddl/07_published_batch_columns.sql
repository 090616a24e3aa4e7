-- tshop.published_batch, columns
--
-- Purpose: brings a table that an earlier version of 06_published_batch.sql made to the columns it has now.
ALTER TABLE tshop.published_batch
ADD COLUMN IF NOT EXISTS is_erasure Int16 AFTER sum_total_amount,
DROP COLUMN IF EXISTS row_hash;
