BEGIN;
SELECT plan(2);

SELECT tap.put_healthy_warehouse();

SELECT results_eq(
    $$SELECT
        sale_id, version_no, order_id, sold_at AT TIME ZONE 'UTC', client_id, client_sk, client, client_age::integer,
        product_id, product_sk, product, category, size, price, quantity, total_amount,
        valid_from AT TIME ZONE 'UTC', is_current = 1, run_id
    FROM cdm.sales_mart_export
    WHERE client_id <> 404
    ORDER BY sale_id, version_no$$,
    $$SELECT
        sale_id, version_no, order_id, sold_at, client_id, client_sk, client, client_age,
        product_id, product_sk, product, category, size, price, quantity, total_amount,
        valid_from, is_current, run_id
    FROM cdm.sales_mart
    WHERE client_id <> 404
    ORDER BY sale_id, version_no$$,
    'what is known is the same on both sides'
);
SELECT results_eq(
    $$SELECT sale_id, version_no, valid_to FROM cdm.sales_mart_export ORDER BY sale_id, version_no$$,
    $$SELECT
        sale_id,
        version_no,
        CASE WHEN is_current THEN timestamp '2299-12-31 00:00:00' ELSE valid_to AT TIME ZONE 'UTC' END
    FROM cdm.sales_mart
    ORDER BY sale_id, version_no$$,
    'an open end is the last day ClickHouse can hold'
);

SELECT * FROM finish();
ROLLBACK;
