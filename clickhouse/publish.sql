-- Publish
--
-- Purpose: puts the pulled and reconciled batches into tshop.sales_mart, all at once for readers, and records them.
--     Batches that were pulled again to be healed replace what was held of them, whatever that was.
-- Reads: tshop.sales_mart_staging, tshop.staged_run, tshop.staged_batch_to_heal, tshop.batch.
-- Writes: tshop.sales_mart, tshop.published_state, tshop.published_batch, tshop.batch_to_heal; leaves staging empty.
-- Errors: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO where the result would not be what it must be; nothing is published then.
--
-- The next state is built beside the current one, from hard links to its parts, and takes its place by EXCHANGE TABLES,
-- which is atomic. Every step may be cut off: the next attempt builds the next state again from what readers see, and
-- a batch that is already in there is replaced by itself. Needs ClickHouse 25.8 (docs/clickhouse.md).

-- Only the pull finds what readers lack.
SELECT
    throwIf(
        count() = 0,
        'Rows of tshop.sales_mart were lost or added since the pull; nothing was published. Pull again'
    )
FROM tshop.published_state
WHERE (row_count, current_count) IN (SELECT count(), countIf(is_current = 1) FROM tshop.sales_mart);

CREATE OR REPLACE TABLE tshop.sales_mart_next AS tshop.sales_mart;

-- No merges until the mutation below is done. It waits for parts that are being merged, and ClickHouse does not look
-- again when the merge ends: each part done with puts that off by a tenth, 80 parts by minutes (docs/clickhouse.md).
ALTER TABLE tshop.sales_mart_next MODIFY SETTING min_parts_to_merge_at_once = 1000000;

ALTER TABLE tshop.sales_mart_next ATTACH PARTITION ALL FROM tshop.sales_mart;

-- The rows of staging that may be held already under an earlier run: those whose version began before their own run, which
-- has closed or erased them since; a day brings some thousands. The others are new, and looked for only where rows of
-- their batch are held, because a publishing was cut off after readers saw them, and where batches are healed, whose rows
-- may lie under any run. Where nothing is held but batches to heal, which are taken out whole, there is nothing to look
-- for, and there are no keys: so in the first load, and where everything is healed.
CREATE OR REPLACE TABLE tshop.staged_key
ORDER BY (sold_on, sale_id, version_no)
AS
SELECT
    sold_on,
    sale_id,
    version_no
FROM tshop.sales_mart_staging
WHERE
    (
        SELECT count()
        FROM tshop.sales_mart
        WHERE run_id NOT IN (SELECT run_id FROM tshop.staged_batch_to_heal)
    ) > 0
    AND (
        (run_id, valid_from) NOT IN (SELECT run_id, started_at FROM tshop.staged_run)
        OR (SELECT count() FROM tshop.staged_batch_to_heal) > 0
        OR (
            SELECT count()
            FROM tshop.sales_mart
            WHERE run_id IN (SELECT run_id FROM tshop.sales_mart_staging)
        ) > 0
    );

-- Versions the batches bring again, most of them because they are closed now, and all that is held of the batches to heal:
-- rows too many and rows whose key is wrong have no like in staging. Where there is nothing to heal, the second condition
-- is none, so that parts are left out by the first one's keys. It is one statement, since a mutation takes its time with
-- every part, touched or not; and whether there is anything to heal is asked once, not for each part.
DELETE FROM tshop.sales_mart_next
WHERE
    (sold_on, sale_id, version_no) IN (SELECT sold_on, sale_id, version_no FROM tshop.staged_key)
    OR (
        (SELECT count() FROM tshop.staged_batch_to_heal) > 0
        AND run_id IN (SELECT run_id FROM tshop.staged_batch_to_heal)
    )
SETTINGS lightweight_deletes_sync = 2, mutations_execute_subqueries_on_initiator = 1;

ALTER TABLE tshop.sales_mart_next RESET SETTING min_parts_to_merge_at_once;

ALTER TABLE tshop.sales_mart_next ATTACH PARTITION ALL FROM tshop.sales_mart_staging;

-- Each step above did its work, and once.
SELECT
    throwIf(
        (SELECT count() FROM tshop.sales_mart_next)
        <> (SELECT count() FROM tshop.sales_mart)
        - (
            SELECT count()
            FROM tshop.sales_mart
            WHERE
                (sold_on, sale_id, version_no) IN (SELECT sold_on, sale_id, version_no FROM tshop.staged_key)
                OR (
                    (SELECT count() FROM tshop.staged_batch_to_heal) > 0
                    AND run_id IN (SELECT run_id FROM tshop.staged_batch_to_heal)
                )
        )
        + (SELECT count() FROM tshop.sales_mart_staging),
        'The next state of tshop.sales_mart has not the rows it must have; nothing was published. Pull and publish again'
    );

-- Readers count on one current version a sale.
SELECT throwIf(count() > 0, 'A sale would have several current versions; nothing was published. Run CALL sl.audit()')
FROM
    (
        SELECT sale_id
        FROM tshop.sales_mart_next
        WHERE
            is_current = 1
            AND sale_id IN (SELECT sale_id FROM tshop.sales_mart_staging WHERE version_no > 1)
        GROUP BY sale_id
        HAVING count() > 1
    );

-- A publishing that was cut off before it was recorded has shown readers rows that the pull brings again, unless the
-- warehouse has changed since.
SELECT
    throwIf(
        (
            SELECT count()
            FROM tshop.sales_mart_next
            WHERE run_id > (SELECT max(run_id) FROM tshop.published_batch)
        ) <> (
            SELECT count()
            FROM tshop.sales_mart_staging
            WHERE run_id > (SELECT max(run_id) FROM tshop.published_batch)
        ),
        concat(
            'tshop.sales_mart holds rows of a build that this warehouse does not have; nothing was published. ',
            'Run the DAG tshop_heal; docs/clickhouse.md tells what to do with another warehouse or a backup'
        )
    );

CREATE OR REPLACE TABLE tshop.published_state
ORDER BY row_count
AS
SELECT
    count() AS row_count,
    countIf(is_current = 1) AS current_count
FROM tshop.sales_mart
UNION ALL
SELECT
    count() AS row_count,
    countIf(is_current = 1) AS current_count
FROM tshop.sales_mart_next;

EXCHANGE TABLES tshop.sales_mart AND tshop.sales_mart_next;

INSERT INTO tshop.published_batch (
    run_id,
    started_at,
    row_count,
    current_count,
    sum_quantity,
    sum_total_amount
)
SELECT
    b.run_id,
    r.started_at,
    b.row_count,
    b.current_count,
    b.sum_quantity,
    b.sum_total_amount
FROM tshop.batch AS b
INNER JOIN tshop.staged_run AS r ON b.run_id = r.run_id
WHERE
    b.held_in = 'sales_mart_staging'
    AND b.run_id > (SELECT max(run_id) FROM tshop.published_batch);

CREATE OR REPLACE TABLE tshop.published_state
ORDER BY row_count
AS
SELECT
    count() AS row_count,
    countIf(is_current = 1) AS current_count
FROM tshop.sales_mart;

DELETE FROM tshop.batch_to_heal
WHERE run_id IN (SELECT run_id FROM tshop.staged_batch_to_heal)
SETTINGS lightweight_deletes_sync = 2;

-- Before staging: a publishing that is cut off between the two and done again must not take batches out that staging
-- does not bring any more.
TRUNCATE TABLE tshop.staged_batch_to_heal;

TRUNCATE TABLE tshop.sales_mart_staging;

DROP TABLE IF EXISTS tshop.staged_key, tshop.sales_mart_next;
