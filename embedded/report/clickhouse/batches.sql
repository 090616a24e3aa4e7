-- The batches of the mart that are not in ClickHouse as they are in PostgreSQL, and how they differ; the first ten.
SELECT
    run_id,
    difference
FROM tshop.batch_difference(held_in = 'sales_mart')
ORDER BY run_id
LIMIT 10
