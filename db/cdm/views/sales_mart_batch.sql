-- cdm.sales_mart_batch
--
-- Purpose: count and exact sums of the rows whose last writer is a run: what ClickHouse checks a pulled batch against.
-- Columns: run_id; row_count, current_count: rows; sum_quantity: pieces; sum_total_amount: roubles.
-- Reads: cdm.sales_mart. A condition on run_id is an index condition.
CREATE OR REPLACE VIEW cdm.sales_mart_batch AS
SELECT
    m.run_id,
    count(*) AS row_count,
    count(*) FILTER (WHERE m.is_current) AS current_count,
    sum(m.quantity)::bigint AS sum_quantity,
    coalesce(sum(m.total_amount), 0)::numeric(38, 2) AS sum_total_amount
FROM cdm.sales_mart AS m
GROUP BY m.run_id;

COMMENT ON VIEW cdm.sales_mart_batch IS 'Count and exact sums of the rows each run last wrote';
