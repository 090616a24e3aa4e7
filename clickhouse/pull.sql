-- Pull
--
-- Purpose: copies the batches not yet published from the warehouse to tshop.sales_mart_staging.
-- Reads: tshop.warehouse_batch, tshop.warehouse_sales_mart (PostgreSQL), tshop.published_batch.
-- Writes: tshop.sales_mart_staging.
-- Errors: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO where the warehouse is not the one published from.
--
-- INSERT ... SELECT is not atomic, so a pull always starts anew. The staging table is replaced rather than truncated:
-- an INSERT that outlived its client goes on into the table it has opened, which nobody sees any more.

-- A run only ever adds rows with a greater run_id, so the newest batch published must be there still, or newer ones.
SELECT
    throwIf(
        (SELECT max(run_id) FROM tshop.published_batch) > 0
        AND (
            SELECT count()
            FROM tshop.warehouse_batch
            WHERE run_id >= (SELECT max(run_id) FROM tshop.published_batch)
        ) = 0,
        concat(
            'The warehouse has no batch as new as the last one published: it is another warehouse or an older backup. ',
            'To publish it from the start, DROP DATABASE tshop and run again'
        )
    )
SETTINGS external_table_strict_query = 1;

CREATE OR REPLACE TABLE tshop.sales_mart_staging AS tshop.sales_mart;

-- The value of the subquery is pushed down to PostgreSQL's index on run_id; with external_table_strict_query a
-- condition that is not pushed down is an error. One block may hold any number of months.
INSERT INTO tshop.sales_mart_staging
(
    sale_id,
    version_no,
    order_id,
    sold_at,
    sold_on,
    client_id,
    client_sk,
    client,
    client_age,
    product_id,
    product_sk,
    product,
    category,
    size,
    price,
    quantity,
    total_amount,
    valid_from,
    valid_to,
    is_current,
    run_id
)
SELECT
    sale_id,
    version_no,
    order_id,
    sold_at,
    sold_on,
    client_id,
    client_sk,
    client,
    client_age,
    product_id,
    product_sk,
    product,
    category,
    size,
    price,
    quantity,
    total_amount,
    valid_from,
    valid_to,
    is_current,
    run_id
FROM tshop.warehouse_sales_mart
WHERE run_id > (SELECT max(run_id) FROM tshop.published_batch)
SETTINGS external_table_strict_query = 1, max_partitions_per_insert_block = 0;
