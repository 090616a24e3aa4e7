-- Verify
--
-- Purpose: checks that what readers see equals what the warehouse holds, batch by batch.
-- Reads: tshop.batch_difference.
-- Errors: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO with the first batch that differs, and how.
--
-- Reads the whole mart on both sides. A run of cdm.build_mart that is not published yet is a difference, too.
WITH
    (
        SELECT coalesce(argMin(difference, run_id), '')
        FROM tshop.batch_difference(held_in = 'sales_mart')
    ) AS difference
SELECT throwIf(difference <> '', concat(difference, '. Run the DAG tshop_heal'));
