BEGIN;
SELECT plan(9);

CREATE FUNCTION pg_temp.finds(p_damage text)
RETURNS text
LANGUAGE plpgsql
AS $body$
DECLARE
    v_detail text;
    v_hint text;
BEGIN
    BEGIN
        EXECUTE p_damage;
        EXECUTE 'CALL cdm.compare_marts()';
        RAISE EXCEPTION USING ERRCODE = 'TS024', DETAIL = 'nothing', HINT = 'nothing';
    EXCEPTION
        WHEN SQLSTATE 'TS024' THEN
            GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
            RETURN v_detail || E'\n' || v_hint;
    END;
END;
$body$;

SELECT is(
    pg_temp.finds('SELECT 1'),
    E'product_sales: Spark has not computed it\nregion_sales: Spark has not computed it\n'
    'user_sales: Spark has not computed it\nRun the DAG tshop_marts_spark.',
    'marts that Spark never computed'
);

INSERT INTO cdm.user_sales
SELECT
    s.month, s.status, 1, 2, 1, 1, 0, 0, 2, 300.10, 150.05, 300.10, s.days,
    tap.at(1), 'infinity', true, 0
FROM (
    VALUES (date '2024-03-01', 'Gold', 1.50), (date '2024-03-01', 'Unknown', NULL), (date '2024-04-01', 'Gold', 2)
) AS s (month, status, days);
INSERT INTO spark.user_sales
SELECT
    order_month, loyalty_status, orders_cnt, paid_orders, completed_orders, pending_orders, aborted_orders,
    unique_users, total_order_amount, avg_order_amount, total_revenue, avg_delivery_period
FROM cdm.user_sales;
INSERT INTO spark.computation (mart_name, read_at, was_built, rows_written)
VALUES ('user_sales', tap.at(2), true, 3), ('product_sales', tap.at(2), true, 0), ('region_sales', tap.at(2), false, 0);

CREATE FUNCTION pg_temp.compare(OUT counts text)
LANGUAGE plpgsql
AS $body$
DECLARE
    v_run bigint;
    v_marts bigint;
    v_rows bigint;
    v_differences bigint;
BEGIN
    CALL cdm.compare_marts(v_run, v_marts, v_rows, v_differences);
    counts := format('%s %s %s', v_marts, v_rows, v_differences);
END;
$body$;
SELECT is(pg_temp.compare(), '3 3 0', 'equal ones: marts, rows, differences');
SELECT is(
    (SELECT r.status || ' ' || r.rows_read FROM sl.run AS r WHERE r.procedure_name = 'cdm.compare_marts'),
    'succeeded 3',
    'which a row of sl.run says'
);

SELECT is(
    pg_temp.finds($$UPDATE spark.user_sales SET total_revenue = 300.11 WHERE loyalty_status = 'Unknown'$$),
    E'user_sales: 1 rows differ: cdm (2024-03-01,Unknown,2,1,1,0,0,2,300.10,150.05,300.10,), '
    'spark (2024-03-01,Unknown,2,1,1,0,0,2,300.10,150.05,300.11,)\n'
    'Both had the same of dds: one of the two is wrong, docs/scaling.md.',
    'a kopeck'
);
SELECT is(
    pg_temp.finds($$UPDATE spark.user_sales SET avg_delivery_period = 0 WHERE loyalty_status = 'Unknown'$$),
    E'user_sales: 1 rows differ: cdm (2024-03-01,Unknown,2,1,1,0,0,2,300.10,150.05,300.10,), '
    'spark (2024-03-01,Unknown,2,1,1,0,0,2,300.10,150.05,300.10,0.00)\n'
    'Both had the same of dds: one of the two is wrong, docs/scaling.md.',
    'NULL and 0'
);
SELECT is(
    pg_temp.finds($$UPDATE spark.user_sales SET order_month = '2024-05-01' WHERE order_month = '2024-04-01'$$),
    E'user_sales: 2 rows differ: cdm (2024-04-01,Gold,2,1,1,0,0,2,300.10,150.05,300.10,2.00), spark no row; '
    'cdm no row, spark (2024-05-01,Gold,2,1,1,0,0,2,300.10,150.05,300.10,2.00)\n'
    'Both had the same of dds: one of the two is wrong, docs/scaling.md.',
    'a row that one of them has'
);
SELECT is(
    pg_temp.finds($$INSERT INTO spark.region_sales VALUES ('2024-03-04', 'North', 1, 1, 1, 1, 1, 1, 1)$$),
    E'region_sales: 1 rows differ: cdm no row, spark (2024-03-04,North,1,1,1,1.00,1.00,1.000000,1)\n'
    'The mart was behind dds when Spark read it: build the marts and run the DAG tshop_marts_spark.',
    'of a mart that was behind'
);

-- A build after Spark has read.
UPDATE cdm.user_sales SET valid_to = tap.at(3), is_current = false WHERE loyalty_status = 'Unknown';
SELECT is(pg_temp.compare(), '3 3 0', 'the mart counts as it was known when Spark read');
UPDATE spark.computation SET read_at = tap.at(3);
SELECT is(
    pg_temp.finds('SELECT 1'),
    E'user_sales: 1 rows differ: cdm no row, spark (2024-03-01,Unknown,2,1,1,0,0,2,300.10,150.05,300.10,)\n'
    'Both had the same of dds: one of the two is wrong, docs/scaling.md.',
    'and not as of another moment'
);

SELECT * FROM finish();
ROLLBACK;
