-- tshop.batch_difference(held_in = 'sales_mart_staging' or 'sales_mart')
--
-- Purpose: the batches held in a table that are not what the warehouse says of them: staging against what is not
--     published yet and what is to be healed, tshop.sales_mart against the whole mart.
-- Columns: run_id; difference: a sentence with what differs, and the rows, the current ones of them and the exact sums
--     of both sides. The hashes stay out of it: with all else known, a name can be guessed by its hash.
-- Reads: tshop.warehouse_batch (PostgreSQL), tshop.batch, tshop.published_batch, tshop.staged_batch_to_heal.
--
-- PostgreSQL gets the inner condition, a range of batches, and ClickHouse picks those to heal out of it: a set of run
-- ids is not pushed down. The two sides are parts of one union, and not of a join, for then each does its sums and
-- hashes while the other does: a join reads its left side only once it has all of the right one.
CREATE OR REPLACE VIEW tshop.batch_difference AS
SELECT
    run_id,
    concat(
        'Batch ', toString(run_id), ' differs in ',
        arrayStringConcat(
            arrayFilter(
                part -> part <> '',
                [
                    if(warehouse_rows <> held_rows, 'rows', ''),
                    if(warehouse_current <> held_current, 'current rows', ''),
                    if(warehouse_quantity <> held_quantity, 'quantity', ''),
                    if(warehouse_amount <> held_amount, 'amount', ''),
                    if(warehouse_hash <> held_hash, 'hash', '')
                ]
            ),
            ', '
        ),
        '. PostgreSQL has ',
        toString(warehouse_rows), ' rows, ',
        toString(warehouse_current), ' of them current, quantity ',
        toString(warehouse_quantity), ', amount ',
        toString(warehouse_amount), '; ClickHouse has ',
        toString(held_rows), ' rows, ',
        toString(held_current), ' of them current, quantity ',
        toString(held_quantity), ', amount ',
        toString(held_amount)
    ) AS difference
FROM
    (
        SELECT
            run_id,
            sumIf(row_count, is_held = 0) AS warehouse_rows,
            sumIf(current_count, is_held = 0) AS warehouse_current,
            sumIf(sum_quantity, is_held = 0) AS warehouse_quantity,
            sumIf(sum_total_amount, is_held = 0) AS warehouse_amount,
            sumIf(row_hash, is_held = 0) AS warehouse_hash,
            sumIf(row_count, is_held = 1) AS held_rows,
            sumIf(current_count, is_held = 1) AS held_current,
            sumIf(sum_quantity, is_held = 1) AS held_quantity,
            sumIf(sum_total_amount, is_held = 1) AS held_amount,
            sumIf(row_hash, is_held = 1) AS held_hash
        FROM
            (
                SELECT
                    0 AS is_held,
                    run_id,
                    row_count,
                    current_count,
                    sum_quantity,
                    sum_total_amount,
                    row_hash
                FROM
                    (
                        SELECT
                            run_id,
                            row_count,
                            current_count,
                            sum_quantity,
                            sum_total_amount,
                            row_hash
                        FROM tshop.warehouse_batch
                        WHERE
                            run_id > (
                                SELECT max(run_id)
                                FROM tshop.published_batch
                                WHERE {held_in:String} = 'sales_mart_staging'
                            )
                            OR (
                                run_id >= (SELECT min(run_id) FROM tshop.staged_batch_to_heal)
                                AND run_id <= (SELECT max(run_id) FROM tshop.staged_batch_to_heal)
                            )
                    )
                WHERE
                    run_id > (
                        SELECT max(run_id)
                        FROM tshop.published_batch
                        WHERE {held_in:String} = 'sales_mart_staging'
                    )
                    OR run_id IN (SELECT run_id FROM tshop.staged_batch_to_heal)
                UNION ALL
                SELECT
                    1 AS is_held,
                    run_id,
                    row_count,
                    current_count,
                    sum_quantity,
                    sum_total_amount,
                    row_hash
                FROM tshop.batch
                WHERE held_in = {held_in:String}
            )
        GROUP BY run_id
    )
WHERE
    warehouse_rows <> held_rows
    OR warehouse_current <> held_current
    OR warehouse_quantity <> held_quantity
    OR warehouse_amount <> held_amount
    OR warehouse_hash <> held_hash
SETTINGS external_table_strict_query = 1;
