BEGIN;
SELECT plan(1);

SELECT results_eq(
    $$SELECT a.attname::text COLLATE "default", format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute AS a
    WHERE a.attrelid = 'cdm.sales_mart_export'::regclass AND a.attnum > 0
    ORDER BY a.attnum$$,
    $$VALUES
    ('sale_id', 'bigint'),
    ('version_no', 'integer'),
    ('order_id', 'bigint'),
    ('sold_at', 'timestamp without time zone'),
    ('sold_on', 'date'),
    ('client_id', 'bigint'),
    ('client_sk', 'bigint'),
    ('client', 'text'),
    ('client_age', 'smallint'),
    ('product_id', 'bigint'),
    ('product_sk', 'bigint'),
    ('product', 'text'),
    ('category', 'text'),
    ('size', 'text'),
    ('price', 'numeric(12,2)'),
    ('quantity', 'integer'),
    ('total_amount', 'numeric(22,2)'),
    ('valid_from', 'timestamp without time zone'),
    ('valid_to', 'timestamp without time zone'),
    ('is_current', 'smallint'),
    ('run_id', 'bigint')$$,
    'the contract with ClickHouse'
);

SELECT * FROM finish();
ROLLBACK;
