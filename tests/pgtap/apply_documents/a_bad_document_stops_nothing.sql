BEGIN;
SELECT plan(8);

SELECT tap.land('shop.product_categories', '1', tap.category_message('Tops', tap.at(1)));
SELECT tap.land('shop.product_categories', NULL, tap.category_message('Tops', tap.at(1)));
SELECT tap.land('shop.product_categories', '', tap.category_message('Tops', tap.at(1)));
SELECT tap.land('shop.product_categories', '3', '"<xml>"');
SELECT tap.land('shop.product_categories', '4', '[1, 2]');
SELECT tap.land('shop.product_categories', '5', tap.category_message('Tops', tap.at(1), 2));
SELECT tap.land('shop.product_categories', 'five', tap.category_message('Tops', tap.at(1)));
SELECT tap.land('shop.product_categories', '7', '{"schema_version": 1}');
SELECT tap.land('shop.product_categories', '8', '{"row": {"name": "Tops", "updated_at": "yesterday afternoon"}}');
SELECT tap.land('shop.product_categories', '9', '{"row": {"parent_id": "x", "updated_at": "2024-03-02"}}');
SELECT tap.land('shop.product_categories', '10', '{"row": {"name": "Tops", "updated_at": "infinity"}}');
SELECT tap.land('shop.product_categories', '11', '{"row": ["Tops"]}');
SELECT tap.land('shop.product_categories', '0012', tap.category_message('Tops', tap.at(1)));
SELECT tap.land('shop.product_categories', '1000000000000', tap.category_message('Tops', tap.at(1)));
SELECT tap.land('shop.product_categories', '14', tap.category_message('Tops', tap.at(1)) || '{"schema_version": "2"}');
SELECT tap.land(
    'shop.product_categories', '2', tap.category_message('Hats', tap.at(1)) || '{"unheard": {"of": ["field"]}}'
);
SELECT results_eq(
    'SELECT documents, inserted, rejected FROM tap.apply()', 'VALUES (16::bigint, 2::bigint, 14::bigint)',
    'the good ones are applied'
);
SELECT results_eq(
    $$SELECT position, CASE WHEN position <> 11 THEN reason ELSE left(reason, 28) END
    FROM landing.rejected_document ORDER BY position$$,
    $$VALUES
    (1::bigint, 'The message has no key'),
    (2, 'The message has no key'),
    (3, 'The message is no JSON object: <xml>'),
    (4, 'The message is no JSON object: [1, 2]'),
    (5, 'The message has schema_version 2, and the mapping knows up to 1'),
    (6, 'To raw.category: the message gives no category_id'),
    (7, 'To raw.category: the message gives no updated_at'),
    (8, 'To raw.category: invalid input syntax for type timestamp with time zone: "yesterday afternoon"'),
    (9, 'To raw.category: invalid input syntax for type bigint: "x"'),
    (10, 'To raw.category: the message gives an updated_at without end'),
    (11, 'To raw.category: cannot call'),
    (12, 'To raw.category: the message gives no category_id'),
    (13, 'To raw.category: the message gives no category_id'),
    (14, 'The message has schema_version 2, and the mapping knows up to 1')$$,
    'each other one is rejected with its reason'
);
SELECT results_eq(
    $$SELECT rows_read, rows_inserted, rows_rejected FROM sl.run WHERE target = 'stream shop.product_categories'$$,
    'VALUES (16::bigint, 2::bigint, 14::bigint)', 'the run counts each'
);

UPDATE landing.stream SET schema_version = 2 WHERE stream = 'shop.product_categories';
SELECT results_eq(
    $$SELECT documents, inserted, rejected FROM tap.apply('raw.replay_documents')$$,
    'VALUES (14::bigint, 1::bigint, 13::bigint)', 'what a mended mapping reads is applied by a replay'
);
SELECT results_eq(
    'SELECT times_seen, count(*), count(resolved_at) FROM landing.rejected_document GROUP BY 1 ORDER BY 1',
    'VALUES (1, 1::bigint, 1::bigint), (2, 13, 0)', 'and resolved; the others were seen twice'
);
SELECT lives_ok('CALL raw.audit_documents()', 'each document is accounted for');

-- A mapping that no document could satisfy is no fault of a document.
ALTER TABLE raw.category DROP COLUMN name CASCADE;
SELECT tap.land('shop.product_categories', '1', tap.category_message('Caps', tap.at(2)));
SELECT lives_ok($$CALL raw.apply_documents('shop.product_categories')$$, 'a column that is gone is mapped no more');
ALTER TABLE raw.category DROP COLUMN is_deleted;
SELECT tap.land('shop.product_categories', '1', tap.category_message('Caps', tap.at(3)));
SELECT throws_ok(
    $$CALL raw.apply_documents('shop.product_categories')$$, '42703', NULL, 'a table that is broken stops the call'
);

SELECT * FROM finish();
ROLLBACK;
