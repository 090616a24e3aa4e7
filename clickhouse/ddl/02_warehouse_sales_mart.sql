-- tshop.warehouse_sales_mart
--
-- Purpose: the warehouse's view cdm.sales_mart_export, read through the PostgreSQL engine; no data is held here.
-- Columns: as in tshop.sales_mart, in the types the engine can fill. They are spelled out because inference would make
--     every column of a view Nullable. The times are timestamps in UTC, hence 'UTC'.
-- Reads: PostgreSQL, by the named collection tshop_warehouse, which holds address and password.
--
-- price and total_amount are texts here, of which the pull's INSERT makes decimals, and it refuses what is none: the
-- engine itself takes more than twice as long for a decimal. A NULL arriving in a column that is not Nullable would
-- silently become 0 or '': the view sends none.
CREATE OR REPLACE TABLE tshop.warehouse_sales_mart
(
    sale_id Int64,
    version_no Int32,
    order_id Int64,
    sold_at DateTime64(6, 'UTC'),
    sold_on Date32,
    client_id Int64,
    client_sk Int64,
    client String,
    client_age Nullable(Int16),
    product_id Int64,
    product_sk Int64,
    product String,
    category String,
    size String,
    price String,
    quantity Int32,
    total_amount String,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    is_current UInt8,
    run_id Int64
)
ENGINE = PostgreSQL(tshop_warehouse, schema = 'cdm', table = 'sales_mart_export');
