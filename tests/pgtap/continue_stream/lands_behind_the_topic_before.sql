BEGIN;
SELECT plan(7);

SELECT tap.land('shop.product_categories', k::text, tap.category_message('Tops', tap.at(k)))
FROM generate_series(1, 3) AS k;
SELECT lives_ok($$CALL landing.continue_stream('shop.product_categories')$$, 'the owner says that it is right');
SELECT results_eq(
    $$SELECT * FROM landing.begin_landing('shop.product_categories', 0, 'another')$$, 'VALUES (0::bigint, 3::bigint)',
    'the new topic is landed from its first offset on, behind the other'
);
SELECT throws_ok(
    $$SELECT * FROM landing.begin_landing('shop.product_categories', 0, 'topic')$$, 'TS020', NULL,
    'and the one before no more'
);
-- A partition of which nothing comes is not behind.
UPDATE landing.stream SET source_id = 'topic';
SELECT landing.note_seen('shop.product_categories', 0, 0);
SELECT landing.note_seen('shop.product_categories', 1, 0);
SELECT results_eq(
    $$SELECT documents_behind, documents_waiting FROM landing.status_stream WHERE stream = 'shop.product_categories'$$,
    'VALUES (0::bigint, 3::bigint)', 'what was landed before waits, and no more'
);
SELECT tap.land('shop.product_categories', '1', tap.category_message('Shirts', tap.at(4)));
SELECT results_eq(
    'SELECT documents, inserted, kept FROM tap.apply()', 'VALUES (4::bigint, 3::bigint, 1::bigint)',
    'both are applied, in their order'
);

-- Retention took what nobody had landed.
SELECT landing.note_seen('shop.product_categories', 0, 50, 'gone', 40);
CALL landing.skip_lost('shop.product_categories');
SELECT results_eq(
    $$SELECT * FROM landing.begin_landing('shop.product_categories', 0, 'topic')$$, 'VALUES (40::bigint, 3::bigint)',
    'what is lost is given up once somebody says so'
);
SELECT results_eq(
    'SELECT documents, rejected FROM tap.apply()', 'VALUES (0::bigint, 0::bigint)', 'a gap is no document'
);

SELECT * FROM finish();
ROLLBACK;
