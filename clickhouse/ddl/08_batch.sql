-- tshop.batch
--
-- Purpose: what the batches held here add up to: those pulled and those that readers see.
-- Columns: held_in: 'sales_mart_staging' or 'sales_mart', the table; run_id; row_count, current_count: rows;
--     sum_quantity: pieces; sum_total_amount: roubles, exact.
-- Reads: tshop.sales_mart_staging, tshop.sales_mart. A condition on held_in leaves the other table unread.
CREATE OR REPLACE VIEW tshop.batch AS
SELECT
    _table AS held_in,
    run_id,
    toInt64(count()) AS row_count,
    toInt64(countIf(is_current = 1)) AS current_count,
    sum(quantity) AS sum_quantity,
    sum(total_amount) AS sum_total_amount
FROM merge('tshop', '^sales_mart(_staging)?$')
GROUP BY held_in, run_id;
