BEGIN;
SELECT plan(7);

CREATE FUNCTION pg_temp.sale(
    p_version integer, p_at timestamptz DEFAULT '2023-09-05 12:00+03', p_region text DEFAULT 'North'
)
RETURNS jsonb
LANGUAGE sql
RETURN jsonb_build_object(
    'customer_id', 5, 'product_id', 6, 'quantity', 2, 'sold_at', p_at, 'amount', '100.00', 'region', p_region,
    'updated_at', timestamptz '2023-09-11 00:00+03' + (p_version - 1) * interval '1 microsecond'
);
-- Lands the file of region North and the week of 2023-09-04, of one sale, and returns how many others it deletes.
CREATE FUNCTION pg_temp.correct(p_version integer, p_key text)
RETURNS bigint
LANGUAGE plpgsql
AS $body$
DECLARE
    v_place record;
    v_deleted bigint;
BEGIN
    SELECT b.* INTO v_place FROM landing.begin_landing('stores.sales', 0, 'topic') AS b;
    INSERT INTO landing.document (stream, partition, position, key, body, written_at)
    VALUES ('stores.sales', 0, v_place.first_offset, p_key, pg_temp.sale(p_version), clock_timestamp());
    SELECT l.deleted
    INTO v_deleted
    FROM raw.land_absent_sales(
        0, 'North', '2023-09-04 00:00+03', '2023-09-11 00:00+03', v_place.first_offset,
        timestamptz '2023-09-11 00:00+03' + (p_version - 1) * interval '1 microsecond', '{}'
    ) AS l;
    PERFORM landing.end_landing(
        'stores.sales', 0, v_place.first_offset + v_deleted, v_place.first_offset + v_deleted + 1
    );
    RETURN v_deleted;
END;
$body$;

SELECT tap.land('stores.sales', key, pg_temp.sale(1)) FROM unnest('{1,2,3}'::text[]) AS k (key);
-- Of another week, another region, another channel.
SELECT tap.land('stores.sales', '4', pg_temp.sale(1, '2023-09-03 23:59:59+03'));
SELECT tap.land('stores.sales', '5', pg_temp.sale(1, '2023-09-11 00:00+03'));
SELECT tap.land('stores.sales', '6', pg_temp.sale(1, p_region => 'South'), p_partition => 1);
INSERT INTO raw.sales_order (order_id, ordered_at, region, status, total_amount, updated_at)
VALUES (7, '2023-09-05', 'North', 'Paid', 1, '2023-09-05');
SELECT tap.apply(p_stream => 'stores.sales');
SELECT tap.land('stores.sales', '8', pg_temp.sale(1));

SELECT is(pg_temp.correct(2, '2'), 3::bigint, 'sales that were applied, and one that waits');
SELECT tap.apply(p_stream => 'stores.sales');
SELECT results_eq(
    'SELECT order_id, is_deleted FROM raw.sales_order ORDER BY order_id',
    $$
    VALUES
        (7::bigint, false), (3000000000001, true), (3000000000002, false), (3000000000003, true),
        (3000000000004, false), (3000000000005, false), (3000000000006, false), (3000000000008, true)
    $$,
    'no other week, region or channel loses any'
);
SELECT results_eq(
    'SELECT sale_id FROM raw.sale WHERE is_deleted ORDER BY sale_id',
    ARRAY[3000000000001, 3000000000003, 3000000000008]::bigint[],
    'the line goes with the order'
);
SELECT tap.load('sale');
SELECT is(pg_temp.correct(3, '1'), 1::bigint, 'what is deleted already is not deleted again');
SELECT tap.apply(p_stream => 'stores.sales');
SELECT tap.load('sale');
SELECT results_eq(
    $$
    SELECT valid_from - timestamptz '2023-09-11 00:00+03', valid_to = 'infinity'
    FROM dds.sale WHERE sale_id = 3000000000001 ORDER BY valid_from
    $$,
    $$VALUES (interval '0', false), (interval '2 microseconds', true)$$,
    'a sale that a third file has again is there again, in a version of its own'
);
SELECT is_empty('SELECT FROM dds.sale WHERE sale_id = 3000000000002 AND is_current', 'and the other one is gone');
SELECT lives_ok('CALL raw.audit_documents()', 'no document is lost');

SELECT * FROM finish();
ROLLBACK;
