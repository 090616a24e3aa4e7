BEGIN;
SELECT plan(7);

CREATE FUNCTION pg_temp.sale(p_at timestamptz, p_counts_from timestamptz)
RETURNS jsonb
LANGUAGE sql
RETURN jsonb_build_object(
    'customer_id', 5, 'product_id', 6, 'quantity', 2, 'sold_at', p_at, 'amount', '100.00', 'region', 'North',
    'updated_at', p_counts_from
);
-- Lands the corrected file of region North and the week that begins at a moment: without a sale, with a line that
-- cannot be read. Returns how many sales it had and how many are deleted.
CREATE FUNCTION pg_temp.correct(p_from timestamptz, p_counts_from timestamptz, p_unread text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
AS $body$
DECLARE
    v_place record;
    v_done record;
BEGIN
    SELECT b.* INTO v_place FROM landing.begin_landing('stores.sales', 0, 'topic') AS b;
    v_done := raw.land_absent_sales(
        0, 'North', p_from, p_from + interval '7 days', v_place.first_offset, p_counts_from, ARRAY[p_unread]
    );
    IF v_done.deleted > 0 THEN
        PERFORM landing.end_landing(
            'stores.sales', 0, v_place.first_offset + v_done.deleted - 1, v_place.first_offset + v_done.deleted
        );
    END IF;
    RETURN v_done.known || ', ' || v_done.deleted;
END;
$body$;

-- Each stands in the week of 2023-09-11 at first.
SELECT tap.land('stores.sales', key, pg_temp.sale('2023-09-12 12:00+03', '2023-09-18 00:00+03'))
FROM unnest('{1,2,3,4}'::text[]) AS k (key);
SELECT tap.apply(p_stream => 'stores.sales');
-- The week before gets 1, which is applied, then 2, which waits when the later week is corrected.
SELECT tap.land('stores.sales', '1', pg_temp.sale('2023-09-05 12:00+03', '2024-01-01 00:00+03'));
SELECT tap.apply(p_stream => 'stores.sales');
SELECT tap.land('stores.sales', '2', pg_temp.sale('2023-09-06 12:00+03', '2024-01-02 00:00+03'));
SELECT is(
    pg_temp.correct('2023-09-11 00:00+03', '2024-01-03 00:00+03', '3'), '2, 1',
    'of the two that the week still has one is on a line that cannot be read'
);
SELECT tap.apply(p_stream => 'stores.sales');
SELECT results_eq(
    'SELECT order_id - 3000000000000, ordered_at, is_deleted FROM raw.sales_order ORDER BY order_id',
    $$
    VALUES
        (1::bigint, timestamptz '2023-09-05 12:00+03', false), (2, timestamptz '2023-09-06 12:00+03', false),
        (3, timestamptz '2023-09-12 12:00+03', false), (4, NULL, true)
    $$,
    'a sale that has moved to an earlier week is there'
);
-- 1 moves to the later week: the earlier one is corrected first, and nothing is applied between the two.
SELECT is(pg_temp.correct('2023-09-04 00:00+03', '2024-01-04 00:00+03', '2'), '2, 1', 'it leaves its week');
SELECT is(pg_temp.correct('2023-09-04 00:00+03', '2024-01-04 00:00+03', '2'), '1, 0', 'once');
SELECT tap.land('stores.sales', '1', pg_temp.sale('2023-09-13 12:00+03', '2024-01-05 00:00+03'));
SELECT tap.apply(p_stream => 'stores.sales');
SELECT results_eq(
    'SELECT ordered_at, is_deleted FROM raw.sales_order WHERE order_id = 3000000000001',
    $$VALUES (timestamptz '2023-09-13 12:00+03', false)$$,
    'a sale that has moved to a later week is there'
);
SELECT tap.load('sale');
SELECT results_eq(
    'SELECT sale_id - 3000000000000, sold_at FROM dds.sale WHERE is_current ORDER BY sale_id',
    $$
    VALUES
        (1::bigint, timestamptz '2023-09-13 12:00+03'), (2, timestamptz '2023-09-06 12:00+03'),
        (3, timestamptz '2023-09-12 12:00+03')
    $$,
    'so it is in the history'
);
SELECT lives_ok('CALL raw.audit_documents()', 'no document is lost');

SELECT * FROM finish();
ROLLBACK;
