-- Compare
--
-- Purpose: compares all that is published with the warehouse, batch by batch: rows, current rows, exact sums.
-- Returns: a row for each batch that differs; none where ClickHouse equals the mart.
-- Reads: tshop.warehouse_batch (all of cdm.sales_mart in PostgreSQL), tshop.sales_mart.
SELECT
    run_id,
    w.row_count AS warehouse_row_count,
    s.row_count AS row_count,
    w.current_count AS warehouse_current_count,
    s.current_count AS current_count,
    w.sum_quantity AS warehouse_sum_quantity,
    s.sum_quantity AS sum_quantity,
    w.sum_total_amount AS warehouse_sum_total_amount,
    s.sum_total_amount AS sum_total_amount
FROM tshop.warehouse_batch AS w
FULL OUTER JOIN
    (
        SELECT
            run_id,
            toInt64(count()) AS row_count,
            toInt64(countIf(is_current = 1)) AS current_count,
            sum(quantity) AS sum_quantity,
            sum(total_amount) AS sum_total_amount
        FROM tshop.sales_mart
        GROUP BY run_id
    ) AS s
    USING (run_id)
WHERE
    w.row_count <> s.row_count
    OR w.current_count <> s.current_count
    OR w.sum_quantity <> s.sum_quantity
    OR w.sum_total_amount <> s.sum_total_amount
ORDER BY run_id
SETTINGS join_use_nulls = 0;
