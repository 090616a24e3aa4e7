-- tshop.batch_to_heal
--
-- Purpose: the batches that the next pull brings again though they are published, because tshop.sales_mart does not
--     hold what the warehouse says. Written by dags/sql/find_batches_to_heal.sql, emptied by publish.sql.
-- Columns: run_id; difference: how it differs, in a sentence; found_at.
CREATE TABLE IF NOT EXISTS tshop.batch_to_heal
(
    run_id Int64,
    difference String,
    found_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ORDER BY run_id;
