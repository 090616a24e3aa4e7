-- tshop.warehouse_run
--
-- Purpose: the warehouse's view cdm.sales_mart_run, read through the PostgreSQL engine: the builds of the mart by
--     number and clock. Numbers begin at 1 in every warehouse; with the clock they tell one warehouse from another.
-- Columns: run_id; started_at: the build's clock; is_erasure: 1 where it erased a person's name;
--     date_style, client_encoding: the form in which PostgreSQL sends times and texts.
-- Reads: PostgreSQL, by the named collection tshop_warehouse.
CREATE OR REPLACE TABLE tshop.warehouse_run
(
    run_id Int64,
    started_at DateTime64(6, 'UTC'),
    is_erasure Int16,
    date_style String,
    client_encoding String
)
ENGINE = PostgreSQL(tshop_warehouse, schema = 'cdm', table = 'sales_mart_run');
