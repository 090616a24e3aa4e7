BEGIN;
SELECT plan(2);

CREATE FUNCTION pg_temp.plan_of(p_columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_plan json;
BEGIN
    EXECUTE format(
        'EXPLAIN (VERBOSE, FORMAT JSON) SELECT %s FROM cdm.sales_mart_batch'
        ' WHERE run_id > 7 OR (run_id >= 2 AND run_id <= 3)',
        p_columns
    ) INTO v_plan;
    RETURN v_plan::text;
END;
$$;

-- Enough rows that the plan does not hang on what other tests have left in the table's pages.
INSERT INTO cdm.sales_mart (sale_id, version_no, order_id, sold_at, client_id, product_id, quantity, valid_from, run_id)
SELECT g, 1, g, tap.at(1), g, 1, 1, tap.at(1), CASE WHEN g <= 100 THEN 2 WHEN g > 9900 THEN 8 ELSE 5 END
FROM generate_series(1, 10000) AS g;
ANALYZE cdm.sales_mart;
SET LOCAL enable_seqscan TO off;
SELECT matches(
    pg_temp.plan_of('run_id, row_hash'),
    '"Index Cond": "\(m?\.?run_id > 7\)".*"Index Cond": "\(\(m?\.?run_id >= 2\) AND \(m?\.?run_id <= 3\)\)".*',
    'so is the one for batches that are to be healed'
);
SELECT unalike(
    pg_temp.plan_of('run_id, row_count, sum_total_amount'),
    '%md5%',
    'the hash is made where it is asked for'
);

SELECT * FROM finish();
ROLLBACK;
