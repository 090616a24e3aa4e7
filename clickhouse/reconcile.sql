-- Reconcile
--
-- Purpose: checks that what was pulled equals what the warehouse holds, batch by batch: rows, current rows, the
--     exact sums of quantity and amount, and the hash of all columns.
-- Reads: tshop.batch_difference.
-- Errors: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO with the first batch that differs, and how.
--
-- A difference is either an incomplete pull or a run of cdm.build_mart in between, which takes over rows of earlier
-- batches. Both are cured by pulling again, so a retry does that first.
WITH
    (
        SELECT coalesce(argMin(difference, run_id), '')
        FROM tshop.batch_difference(held_in = 'sales_mart_staging')
    ) AS difference
SELECT throwIf(difference <> '', concat(difference, '. Pull again'));
