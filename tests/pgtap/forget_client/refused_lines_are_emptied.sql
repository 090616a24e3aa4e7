BEGIN;
SELECT plan(6);

SELECT tap.land(
    'stores.clients', '5',
    jsonb_build_object('first_name', 'Anna', 'last_name', 'Orlova', 'updated_at', tap.at(1))
);
SELECT tap.apply(p_stream => 'stores.clients');
INSERT INTO landing.refused_line (stream, week, region, line_no, key, line, reason)
VALUES
    ('stores.clients', '2023-W35', 'North', 2, '5', '5,Anna,Orlova', 'birth_date is no date'),
    ('stores.clients', '2023-W35', 'North', 3, NULL, 'x,Anna,Orlova', 'customer_id is no whole number'),
    ('stores.clients', '2023-W35', 'North', 4, '6', '6,Ivan,Petrov', 'birth_date is no date'),
    ('stores.sales', '2023-W35', 'North', 5, NULL, 'x,5,7', 'sale_id is no whole number');
CALL dds.forget_client(3000000000005);
SELECT results_eq(
    'SELECT line_no, line FROM landing.refused_line ORDER BY line_no',
    $$VALUES (2, '(erased)'), (3, '(erased)'), (4, '6,Ivan,Petrov'), (5, 'x,5,7')$$,
    'those of the client, and those that may be anybody''s'
);
INSERT INTO landing.refused_line (stream, week, region, line_no, key, line, reason)
VALUES ('stores.clients', '2023-W36', 'North', 2, '5', '5,Anna,Orlova', 'birth_date is no date');
SELECT tap.land('stores.clients', '7', jsonb_build_object('first_name', 'Yan', 'updated_at', tap.at(2)));
SELECT tap.apply(p_stream => 'stores.clients');
SELECT is_empty(
    $$SELECT FROM landing.refused_line WHERE line LIKE '%Anna%'$$, 'a later one when documents are applied'
);
SELECT is(
    (SELECT body FROM landing.document WHERE stream = 'stores.clients' AND key = '5'), '"(erased)"'::jsonb,
    'the document, too'
);

CALL dds.forget_client(3000000000006);
SELECT is(
    (SELECT line FROM landing.refused_line WHERE key = '6'), '(erased)', 'one who is known by a refused line alone, too'
);
SELECT is(
    (SELECT count(*) FROM sl.erasure WHERE entity_key = '3000000000006'), 1::bigint, 'with a receipt, and for good'
);
SELECT lives_ok('CALL raw.audit_documents()', 'which is not lost');

SELECT * FROM finish();
ROLLBACK;
