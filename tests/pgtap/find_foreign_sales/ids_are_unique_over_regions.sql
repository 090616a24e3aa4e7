BEGIN;
SELECT plan(5);

CREATE FUNCTION pg_temp.sale(p_region text)
RETURNS jsonb
LANGUAGE sql
RETURN jsonb_build_object(
    'customer_id', 5, 'product_id', 6, 'quantity', 2, 'sold_at', '2023-09-05 12:00+03', 'amount', '100.00',
    'region', p_region, 'updated_at', '2023-09-11 00:00+03'
);
CREATE FUNCTION pg_temp.found()
RETURNS text
LANGUAGE sql
RETURN (SELECT concat_ws(': ', f.sales, f.example) FROM raw.find_foreign_sales(1, 'South', 0) AS f);

SELECT tap.land('stores.sales', '1', pg_temp.sale('North'));
SELECT tap.land('stores.sales', '2', pg_temp.sale('South'), p_partition => 1);
SELECT is(pg_temp.found(), '0', 'other ids, and one''s own');
SELECT tap.land('stores.sales', '1', pg_temp.sale('South'), p_partition => 1);
SELECT is(pg_temp.found(), '1: 1 of North', 'another region''s sale that waits');
DELETE FROM landing.document WHERE key = '1' AND partition = 1;
UPDATE landing.position SET landed_position = landed_position - 1 WHERE partition = 1;
SELECT tap.apply(p_stream => 'stores.sales');
SELECT tap.land('stores.sales', '1', pg_temp.sale('South'), p_partition => 1);
SELECT is(pg_temp.found(), '1: 1 of North', 'one that is applied');
SELECT tap.land(
    'stores.sales', '1', jsonb_build_object('is_deleted', true, 'updated_at', timestamptz '2023-09-12 00:00+03')
);
SELECT is(pg_temp.found(), '0', 'one that the other region gives up');
SELECT tap.apply(p_stream => 'stores.sales');
SELECT is(pg_temp.found(), '0', 'or has given up');

SELECT * FROM finish();
ROLLBACK;
