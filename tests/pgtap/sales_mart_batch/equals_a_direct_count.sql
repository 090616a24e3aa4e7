BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();

SELECT results_eq(
    $$SELECT run_id, row_count, current_count, sum_quantity, sum_total_amount
    FROM cdm.sales_mart_batch
    ORDER BY run_id$$,
    $$SELECT
        run_id,
        count(*),
        sum(is_current),
        sum(quantity),
        sum(total_amount)
    FROM cdm.sales_mart_export
    GROUP BY run_id
    ORDER BY run_id$$,
    'of what ClickHouse is given'
);
SELECT results_eq(
    $$SELECT a.attname::text COLLATE "default", format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute AS a
    WHERE a.attrelid = 'cdm.sales_mart_batch'::regclass AND a.attnum > 0
    ORDER BY a.attnum$$,
    $$VALUES
    ('run_id', 'bigint'),
    ('row_count', 'bigint'),
    ('current_count', 'bigint'),
    ('sum_quantity', 'bigint'),
    ('sum_total_amount', 'numeric(38,2)'),
    ('row_hash', 'numeric(38,0)')$$,
    'in types that cross over exactly'
);

SELECT * FROM finish();
ROLLBACK;
