-- tshop.staged_batch_to_heal
--
-- Purpose: the batches of tshop.batch_to_heal that the last pull brought again: those publish.sql replaces whole. Made
--     anew by each pull, so that a batch named afterwards is left to the next one.
CREATE TABLE IF NOT EXISTS tshop.staged_batch_to_heal
(
    run_id Int64
)
ORDER BY run_id;
