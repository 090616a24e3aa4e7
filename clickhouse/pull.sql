-- Pull
--
-- Purpose: copies the batches not yet published, and those that are to be healed, from the warehouse to
--     tshop.sales_mart_staging. Where readers do not see as many rows as were published (a dropped table, a lost part),
--     all batches are to be healed.
-- Reads: tshop.warehouse_run, tshop.warehouse_sales_mart (PostgreSQL), tshop.published_batch, tshop.published_state,
--     tshop.sales_mart, tshop.batch_to_heal.
-- Writes: tshop.sales_mart_staging, tshop.staged_run, tshop.staged_batch_to_heal, tshop.batch_to_heal,
--     tshop.published_state.
-- Errors: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO where the warehouse is not the one published from, or sends values in a
--     form that would be misread.
--
-- INSERT ... SELECT is not atomic, so a pull always starts from the beginning. The staging table is replaced, not
-- truncated: an INSERT that outlived its client continues into the table that it has opened, which nothing reads.

-- A date of another style is read as some other date, and no error is raised.
WITH
    (
        SELECT
            any(
                multiIf(
                    NOT startsWith(date_style, 'ISO'), concat('DateStyle is ', date_style, ', and must be ISO'),
                    client_encoding <> 'UTF8', concat('client_encoding is ', client_encoding, ', and must be UTF8'),
                    ''
                )
            )
        FROM tshop.warehouse_run
    ) AS fault
SELECT
    throwIf(
        fault <> '',
        concat(
            'PostgreSQL sends values in a form that would be misread: ', fault, '. Set it by ALTER ROLE ... IN ',
            'DATABASE ... SET for the user of the named collection tshop_warehouse, end its sessions, and run again'
        )
    );

-- The newest build that was published must be there, with the same clock: run_ids alone begin at 1 in every warehouse,
-- and an older backup soon has the number again.
WITH
    (SELECT max(run_id) FROM tshop.published_batch) AS last_run_id,
    (SELECT argMax(started_at, run_id) FROM tshop.published_batch) AS last_started_at,
    (
        SELECT any(started_at)
        FROM tshop.warehouse_run
        WHERE run_id = (SELECT max(run_id) FROM tshop.published_batch)
    ) AS warehouse_started_at
SELECT
    throwIf(
        last_run_id > 0 AND warehouse_started_at <> last_started_at,
        concat(
            'This is not the warehouse that was published last, but another one or an older backup, for it has no ',
            'build ', toString(last_run_id), ' of ', toString(last_started_at), ' UTC: let the named collection ',
            'tshop_warehouse name that one; docs/clickhouse.md tells how to publish another one from the start'
        )
    )
SETTINGS external_table_strict_query = 1;

-- Which rows are missing, only a comparison of the whole mart would tell, which takes as long as pulling it.
INSERT INTO tshop.batch_to_heal (run_id, difference)
SELECT
    run_id,
    'tshop.sales_mart has not as many rows as were published' AS difference
FROM
    (
        SELECT run_id
        FROM tshop.published_batch
        UNION DISTINCT
        SELECT run_id
        FROM tshop.sales_mart
    )
WHERE
    (SELECT count() FROM tshop.published_batch) > 0
    AND (
        SELECT count()
        FROM tshop.published_state
        WHERE (row_count, current_count) IN (SELECT count(), countIf(is_current = 1) FROM tshop.sales_mart)
    ) = 0;

-- What is missing is marked: publish.sql builds on what readers see now, and on nothing else.
CREATE OR REPLACE TABLE tshop.published_state
ORDER BY row_count
AS
SELECT
    count() AS row_count,
    countIf(is_current = 1) AS current_count
FROM tshop.sales_mart;

CREATE OR REPLACE TABLE tshop.sales_mart_staging AS tshop.sales_mart;

-- A batch that is named from here on is left to the next pull.
CREATE OR REPLACE TABLE tshop.staged_batch_to_heal
ORDER BY run_id
AS
SELECT DISTINCT run_id
FROM tshop.batch_to_heal;

-- The values of the inner condition are pushed down to PostgreSQL's index on run_id; with external_table_strict_query a
-- condition that is not pushed down is an error. A set of run ids is none of those: the batches to heal are picked out
-- of their range here.
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
FROM
    (
        SELECT *
        FROM tshop.warehouse_sales_mart
        WHERE
            run_id > (SELECT max(run_id) FROM tshop.published_batch)
            OR (
                run_id >= (SELECT min(run_id) FROM tshop.staged_batch_to_heal)
                AND run_id <= (SELECT max(run_id) FROM tshop.staged_batch_to_heal)
            )
    )
WHERE
    run_id > (SELECT max(run_id) FROM tshop.published_batch)
    OR run_id IN (SELECT run_id FROM tshop.staged_batch_to_heal)
SETTINGS external_table_strict_query = 1;

-- The builds' clocks, for publish.sql to record, from the warehouse that was pulled; read last, so that no batch lacks
-- its own.
CREATE OR REPLACE TABLE tshop.staged_run
ORDER BY run_id
AS
SELECT
    run_id,
    started_at
FROM tshop.warehouse_run
WHERE run_id > (SELECT max(run_id) FROM tshop.published_batch)
SETTINGS external_table_strict_query = 1;

-- For the task's log.
SELECT concat('Rows copied: ', toString(count()), ', batches: ', toString(uniqExact(run_id))) AS told
FROM tshop.sales_mart_staging;
