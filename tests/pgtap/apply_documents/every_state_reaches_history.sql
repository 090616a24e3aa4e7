BEGIN;
SELECT plan(9);

-- Three states, of which the last came first; then one that is late; one of them again; a deletion, and the key again.
SELECT tap.land('shop.product_categories', '5', tap.category_message(name, tap.at(day)))
FROM (VALUES ('Tops', 3), ('Shirts', 1), ('Jeans', 2)) AS v (name, day);
SELECT results_eq(
    'SELECT * FROM tap.apply()', 'VALUES (3::bigint, 1::bigint, 0::bigint, 0::bigint, 2::bigint, 2::bigint, 0::bigint)',
    'the newest state is written, the others are put aside'
);
SELECT results_eq('SELECT name FROM raw.category', ARRAY['Tops'], 'raw has the newest');
SELECT results_eq(
    'SELECT * FROM tap.apply()', 'VALUES (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint)',
    'applied again nothing is left to do'
);
-- In the same transaction: no trigger keeps what this overwrites.
SELECT tap.land('shop.product_categories', '5', tap.category_message('Hats', tap.at(5)));
SELECT results_eq(
    'SELECT updated, kept FROM tap.apply()', 'VALUES (1::bigint, 1::bigint)',
    'nor is a state lost that this transaction wrote itself'
);
SELECT tap.land('shop.product_categories', '5', tap.category_message('Coats', tap.at(4)));
SELECT tap.land('shop.product_categories', '5', tap.category_message('Hats', tap.at(5)));
SELECT results_eq(
    'SELECT updated, unchanged, kept FROM tap.apply()', 'VALUES (0::bigint, 2::bigint, 1::bigint)',
    'a late state is put aside, and what raw has changes nothing'
);
SELECT tap.land('shop.product_categories', '5', NULL, tap.at(6, '1 ms'));
SELECT tap.land('shop.product_categories', '5', tap.category_message('Socks', tap.at(6, '3 ms')));
SELECT tap.land('shop.product_categories', '6', NULL, tap.at(6));
SELECT results_eq(
    'SELECT inserted, updated, deleted FROM tap.apply()', 'VALUES (0::bigint, 1::bigint, 1::bigint)',
    'a row that comes back is there'
);
-- The deletion comes again without what followed it: it is the one that was.
SELECT tap.land('shop.product_categories', '5', NULL, tap.at(6, '1 ms'));
SELECT results_eq('SELECT deleted, kept FROM tap.apply()', 'VALUES (0::bigint, 1::bigint)', 'a deletion comes again');
SELECT tap.load('category');
SELECT results_eq(
    'SELECT category_id, name, valid_from, valid_to FROM dds.category ORDER BY valid_from',
    $$VALUES
    (1000000000005::bigint, 'Shirts', tap.at(1), tap.at(2)),
    (1000000000005, 'Jeans', tap.at(2), tap.at(3)),
    (1000000000005, 'Tops', tap.at(3), tap.at(4)),
    (1000000000005, 'Coats', tap.at(4), tap.at(5)),
    (1000000000005, 'Hats', tap.at(5), tap.at(6, '1 ms')),
    (1000000000005, 'Socks', tap.at(6, '3 ms'), 'infinity')$$,
    'history has every state'
);
SELECT results_eq(
    'SELECT category_id, name, is_deleted FROM raw.category WHERE is_deleted',
    'VALUES (1000000000006::bigint, NULL::text, true)', 'a deletion of what never was is known'
);

SELECT * FROM finish();
ROLLBACK;
