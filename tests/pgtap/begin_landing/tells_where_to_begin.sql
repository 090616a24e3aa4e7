BEGIN;
SELECT plan(7);

SELECT results_eq(
    $$SELECT * FROM landing.begin_landing('shop.orders', 0, 'topic')$$, 'VALUES (0::bigint, 0::bigint)',
    'a partition that was never landed begins at the first offset'
);
SELECT tap.land('shop.orders', '1', NULL);
SELECT results_eq(
    $$SELECT * FROM landing.begin_landing('shop.orders', 0, 'topic')$$, 'VALUES (1::bigint, 0::bigint)',
    'one that was, behind what was landed'
);
SELECT throws_ok(
    $$SELECT landing.end_landing('shop.orders', 0, 0, 1)$$, '22023',
    'landing.end_landing: offset 0 of partition 0 of stream "shop.orders" is not one to be landed',
    'what was landed is not landed again'
);
SELECT throws_ok(
    $$SELECT landing.end_landing('shop.orders', 7, 0, 1)$$, '22023', NULL, 'nor a partition that nobody began'
);
SELECT throws_ok(
    $$SELECT * FROM landing.begin_landing('shop.orders', 0, 'another')$$, 'TS020',
    'The topic of stream "shop.orders" was made again: its documents would count as landed',
    'a topic that was made again is told'
);
SELECT throws_ok(
    $$SELECT * FROM landing.begin_landing('shop.nothing', 0, 'topic')$$, 'TS021',
    'Stream "shop.nothing" is not declared', 'and a stream that is not declared'
);
SELECT throws_ok($$CALL raw.apply_documents('shop.nothing')$$, 'TS021', NULL, 'by whatever names it');

SELECT * FROM finish();
ROLLBACK;
