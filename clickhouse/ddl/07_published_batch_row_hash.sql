-- tshop.published_batch.row_hash
--
-- Purpose: the column, where the table was made before it had one.
ALTER TABLE tshop.published_batch ADD COLUMN IF NOT EXISTS row_hash Decimal(38, 0) AFTER sum_total_amount;
