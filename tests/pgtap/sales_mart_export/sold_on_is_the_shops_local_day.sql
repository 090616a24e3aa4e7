BEGIN;
SELECT plan(1);

SET LOCAL timezone = 'Asia/Tokyo';
SELECT tap.put_sale(1, tap.at(5), '2024-02-29 20:59:59.999999+00');
SELECT tap.put_sale(2, tap.at(5), '2024-02-29 21:00:00+00');
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, sold_at, sold_on FROM cdm.sales_mart_export ORDER BY sale_id$$,
    $$VALUES
    (1::bigint, timestamp '2024-02-29 20:59:59.999999', date '2024-02-29'),
    (2, '2024-02-29 21:00:00', '2024-03-01')$$,
    'Moscow''s day, and times in UTC, whatever the session''s timezone'
);

SELECT * FROM finish();
ROLLBACK;
