-- tshop.batch_difference(held_in = 'sales_mart_staging' or 'sales_mart')
--
-- Purpose: the batches held in a table that are not what the warehouse says of them: staging against what is not
--     published yet and what is to be healed, tshop.sales_mart against the whole mart.
-- Columns: run_id; difference: a sentence with what differs, and the rows, the current ones of them and the exact sums
--     of both sides. The hashes stay out of it: with all else known, a name can be guessed by its hash.
-- Reads: tshop.warehouse_batch (PostgreSQL), tshop.batch, tshop.published_batch, tshop.staged_batch_to_heal.
--
-- PostgreSQL gets the inner condition, a range of batches, and ClickHouse picks those to heal out of it: a set of run
-- ids is not pushed down.
CREATE OR REPLACE VIEW tshop.batch_difference AS
SELECT
    run_id,
    concat(
        'Batch ', toString(run_id), ' differs in ',
        arrayStringConcat(
            arrayFilter(
                part -> part <> '',
                [
                    if(w.row_count <> h.row_count, 'rows', ''),
                    if(w.current_count <> h.current_count, 'current rows', ''),
                    if(w.sum_quantity <> h.sum_quantity, 'quantity', ''),
                    if(w.sum_total_amount <> h.sum_total_amount, 'amount', ''),
                    if(w.row_hash <> h.row_hash, 'hash', '')
                ]
            ),
            ', '
        ),
        '. PostgreSQL has ',
        toString(w.row_count), ' rows, ',
        toString(w.current_count), ' of them current, quantity ',
        toString(w.sum_quantity), ', amount ',
        toString(w.sum_total_amount), '; ClickHouse has ',
        toString(h.row_count), ' rows, ',
        toString(h.current_count), ' of them current, quantity ',
        toString(h.sum_quantity), ', amount ',
        toString(h.sum_total_amount)
    ) AS difference
FROM
    (
        SELECT
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
    ) AS w
FULL OUTER JOIN
    (
        SELECT
            run_id,
            row_count,
            current_count,
            sum_quantity,
            sum_total_amount,
            row_hash
        FROM tshop.batch
        WHERE held_in = {held_in:String}
    ) AS h
    USING (run_id)
WHERE
    w.row_count <> h.row_count
    OR w.current_count <> h.current_count
    OR w.sum_quantity <> h.sum_quantity
    OR w.sum_total_amount <> h.sum_total_amount
    OR w.row_hash <> h.row_hash
SETTINGS external_table_strict_query = 1, join_use_nulls = 0;
