BEGIN;
SELECT plan(4);

SELECT tap.land('shop.product_categories', k::text, tap.category_message('Tops', tap.at(k)))
FROM generate_series(1, 4) AS k;
SELECT tap.land('shop.product_categories', '5', '"garbage"');
SELECT tap.apply();
SELECT tap.land('shop.product_categories', '6', tap.category_message('Tops', tap.at(6)));
UPDATE landing.document SET landed_at = landed_at - interval '31 days' WHERE position NOT IN (3);
CREATE FUNCTION pg_temp.purge()
RETURNS bigint
LANGUAGE plpgsql
AS $body$
DECLARE
    v_run_id bigint;
    v_documents bigint;
BEGIN
    CALL raw.purge_documents(v_run_id, v_documents);
    RETURN v_documents;
END;
$body$;
SELECT is(pg_temp.purge(), 3::bigint, 'what is old goes');
SELECT results_eq(
    'SELECT position FROM landing.document ORDER BY position', ARRAY[3, 4, 5]::bigint[],
    'the young one, the rejected one and the one that waits stay'
);
UPDATE landing.document SET landed_at = landed_at - interval '31 days' WHERE position = 3;
UPDATE landing.document SET body = tap.category_message('Hats', tap.at(5)) WHERE position = 4;
SELECT tap.apply('raw.replay_documents');
SELECT tap.apply();
SELECT is(pg_temp.purge(), 3::bigint, 'until they are applied and old');
SELECT is_empty('SELECT FROM landing.rejected_document', 'with the rejections that are resolved');

SELECT * FROM finish();
ROLLBACK;
