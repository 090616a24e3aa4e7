-- Reconcile
--
-- Purpose: checks that what was pulled equals what the warehouse holds, batch by batch: rows, current rows, and the
--     exact sums of quantity and amount.
-- Reads: tshop.warehouse_batch (PostgreSQL), tshop.sales_mart_staging, tshop.published_batch.
-- Errors: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO with the first batch that differs, and how.
--
-- A difference is either an incomplete pull or a run of cdm.build_mart in between, which takes over rows of earlier
-- batches. Both are cured by pulling again, so a retry does that first.
WITH
    (
        SELECT coalesce(argMin(difference, run_id), '')
        FROM
            (
                SELECT
                    run_id,
                    concat(
                        'Batch ', toString(run_id), ' differs. PostgreSQL has ',
                        toString(w.row_count), ' rows, ',
                        toString(w.current_count), ' of them current, quantity ',
                        toString(w.sum_quantity), ', amount ',
                        toString(w.sum_total_amount), '; pulled were ',
                        toString(s.row_count), ' rows, ',
                        toString(s.current_count), ' of them current, quantity ',
                        toString(s.sum_quantity), ', amount ',
                        toString(s.sum_total_amount), '. Pull again'
                    ) AS difference
                FROM
                    (
                        SELECT
                            run_id,
                            row_count,
                            current_count,
                            sum_quantity,
                            sum_total_amount
                        FROM tshop.warehouse_batch
                        WHERE run_id > (SELECT max(run_id) FROM tshop.published_batch)
                    ) AS w
                FULL OUTER JOIN
                    (
                        SELECT
                            run_id,
                            toInt64(count()) AS row_count,
                            toInt64(countIf(is_current = 1)) AS current_count,
                            sum(quantity) AS sum_quantity,
                            sum(total_amount) AS sum_total_amount
                        FROM tshop.sales_mart_staging
                        GROUP BY run_id
                    ) AS s
                    USING (run_id)
                WHERE
                    w.row_count <> s.row_count
                    OR w.current_count <> s.current_count
                    OR w.sum_quantity <> s.sum_quantity
                    OR w.sum_total_amount <> s.sum_total_amount
            )
    ) AS message
SELECT throwIf(message <> '', message)
SETTINGS external_table_strict_query = 1, join_use_nulls = 0;
