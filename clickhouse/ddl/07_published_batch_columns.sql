-- tshop.published_batch, columns
--
-- Purpose: brings a table that an earlier version of 06_published_batch.sql made to the columns it has now.
ALTER TABLE tshop.published_batch
DROP COLUMN IF EXISTS is_erasure,
DROP COLUMN IF EXISTS row_hash;
