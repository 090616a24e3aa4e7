-- tshop.warehouse_batch
--
-- Purpose: the warehouse's view cdm.sales_mart_batch, read through the PostgreSQL engine: what each batch must add up
--     to.
-- Columns: run_id; row_count, current_count: rows; sum_quantity: pieces; sum_total_amount: roubles, exact; row_hash: of
--     all columns of all rows. PostgreSQL works it out only where a query names it.
-- Reads: PostgreSQL, by the named collection tshop_warehouse.
CREATE OR REPLACE TABLE tshop.warehouse_batch
(
    run_id Int64,
    row_count Int64,
    current_count Int64,
    sum_quantity Int64,
    sum_total_amount Decimal(38, 2),
    row_hash Decimal(38, 0)
)
ENGINE = PostgreSQL(tshop_warehouse, schema = 'cdm', table = 'sales_mart_batch');
