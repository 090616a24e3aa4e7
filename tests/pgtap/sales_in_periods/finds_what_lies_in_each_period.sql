BEGIN;
SELECT plan(6);

-- Three years of sales, one every seven hours, of ten clients and products in turn.
INSERT INTO dds.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, valid_from, run_id)
SELECT n, n, timestamptz '2023-01-01 00:00:00+00' + n * interval '7 hours', n % 10, n % 10, 1, '2026-01-01', 1
FROM generate_series(1, 3700) AS n;
UPDATE dds.sale SET valid_to = '2026-01-02', is_current = false WHERE sale_id % 100 = 3;

CREATE FUNCTION pg_temp.expected(p_key bigint, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (sale_id bigint, is_current boolean)
LANGUAGE sql
AS $body$
    SELECT s.sale_id, s.is_current
    FROM dds.sale AS s
    WHERE s.client_id = p_key AND s.sold_at >= p_from AND s.sold_at < p_to;
$body$;

-- By probes, in a session whose days are not all of 24 hours.
SET LOCAL timezone = 'Europe/Berlin';
SELECT bag_eq(
    $$SELECT * FROM cdm.sales_in_periods('client', '{3}', '{-infinity}', '{infinity}')$$,
    $$SELECT * FROM pg_temp.expected(3, '-infinity', 'infinity')$$,
    'all sales of a client, closed versions too'
);
SELECT bag_eq(
    $$SELECT * FROM cdm.sales_in_periods(
        'client', '{3,4}', '{2023-03-25 00:00:00+00,2024-06-01 14:00:00+00}',
        '{2023-03-26 14:00:00+00,2024-11-01 00:00:00+00}'
    )$$,
    $$SELECT * FROM pg_temp.expected(3, '2023-03-25 00:00:00+00', '2023-03-26 14:00:00+00')
    UNION ALL SELECT * FROM pg_temp.expected(4, '2024-06-01 14:00:00+00', '2024-11-01 00:00:00+00')$$,
    'each key within its own period, whose end is not in it'
);
SELECT bag_eq(
    $$SELECT * FROM cdm.sales_in_periods('product', '{5}', '{2024-01-01}', '{2024-02-01}')$$,
    $$SELECT * FROM pg_temp.expected(5, '2024-01-01', '2024-02-01')$$,
    'a product'
);
SELECT bag_eq(
    $$SELECT * FROM cdm.sales_in_periods('product', '{5}', '{-infinity}', '{infinity}')$$,
    $$SELECT * FROM pg_temp.expected(5, '-infinity', 'infinity')$$,
    'all sales of a product'
);

-- By a pass over the sales: so many keys would be more probes than there are sales.
SELECT bag_eq(
    $$SELECT s.* FROM (
        SELECT array_agg(n) AS keys, array_agg(timestamptz '2024-01-01') AS f, array_agg(timestamptz '2025-01-01') AS t
        FROM generate_series(3, 1002) AS n
    ) AS g CROSS JOIN LATERAL cdm.sales_in_periods('client', g.keys, g.f, g.t) AS s$$,
    $$SELECT e.* FROM generate_series(3, 9) AS n
    CROSS JOIN LATERAL pg_temp.expected(n, '2024-01-01', '2025-01-01') AS e$$,
    'many clients'
);

DELETE FROM dds.sale;
SELECT is_empty(
    $$SELECT * FROM cdm.sales_in_periods('client', '{3}', '{-infinity}', '{infinity}')$$,
    'nothing where there are no sales'
);

SELECT * FROM finish();
ROLLBACK;
