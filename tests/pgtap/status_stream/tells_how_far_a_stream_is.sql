BEGIN;
SELECT plan(4);

CREATE FUNCTION pg_temp.status()
RETURNS TABLE (behind bigint, waiting bigint, rejected bigint, is_late boolean, is_seen boolean, problem text)
LANGUAGE sql
BEGIN ATOMIC
    SELECT s.documents_behind, s.documents_waiting, s.documents_rejected, s.lag_seconds > 86400, s.is_seen, s.problem
    FROM landing.status_stream AS s
    WHERE s.stream = 'shop.product_categories';
END;
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', 'VALUES (NULL::bigint, 0::bigint, 0::bigint, false, false, NULL::text)',
    'nobody was heard of'
);
SELECT tap.land('shop.product_categories', '1', tap.category_message('Tops', tap.at(1)));
SELECT tap.land('shop.product_categories', '1', '{}');
SELECT landing.note_seen('shop.product_categories', 0, 12);
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', 'VALUES (10::bigint, 2::bigint, 0::bigint, true, true, NULL::text)',
    'the source is ahead, and two wait'
);
SELECT tap.apply();
SELECT landing.note_seen('shop.product_categories', 0, 12, 'The topic is gone');
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', $$VALUES (10::bigint, 0::bigint, 1::bigint, false, true, 'The topic is gone')$$,
    'they were applied, one of them was rejected, and the consumer cannot land'
);
UPDATE landing.position SET seen_at = seen_at - interval '2 minutes';
SELECT results_eq('SELECT is_seen FROM pg_temp.status()', ARRAY[false], 'and is heard of no more');

SELECT * FROM finish();
ROLLBACK;
