BEGIN;
SELECT plan(7);

SELECT tap.land('shop.product_categories', k::text, tap.category_message('Tops', tap.at(k)))
FROM generate_series(1, 3) AS k;
SELECT tap.land('shop.product_categories', '7', tap.category_message('Tops', tap.at(3), 2));
SELECT tap.apply();
SELECT tap.land('shop.product_categories', '4', tap.category_message('Tops', tap.at(4)));
SELECT lives_ok('CALL raw.audit_documents()', 'applied, rejected and waiting ones are in order');
SELECT tap.load('category');

CREATE FUNCTION pg_temp.finds(p_damage text, p_full boolean DEFAULT true)
RETURNS text
LANGUAGE plpgsql
AS $body$
DECLARE
    v_detail text;
BEGIN
    BEGIN
        EXECUTE p_damage;
        EXECUTE format('CALL raw.audit_documents(%L)', p_full);
        RAISE EXCEPTION USING ERRCODE = 'TS023', DETAIL = 'nothing';
    EXCEPTION
        WHEN SQLSTATE 'TS023' THEN
            GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
            RETURN v_detail;
    END;
END;
$body$;
SELECT is(
    pg_temp.finds('UPDATE landing.position SET landed_position = 3', false),
    'shop.product_categories: landed beyond the position: 1, for example partition 0, position 4',
    'a document that no position knows'
);
SELECT is(
    pg_temp.finds('DELETE FROM landing.document WHERE position = 3', false),
    'shop.product_categories: rejected and not applied: 1, for example partition 0, position 3',
    'a rejection without its document'
);
SELECT is(
    pg_temp.finds($$UPDATE raw.category SET updated_at = tap.at(0) WHERE category_id = 1000000000002$$),
    'shop.product_categories: not in raw.category: 1, for example partition 0, position 1, key 1000000000002',
    'a state that raw does not have'
);
SELECT is(
    pg_temp.finds('DELETE FROM landing.rejected_document'),
    'shop.product_categories: not in raw.category: 1, for example partition 0, position 3, key 1000000000007',
    'a rejected one that nobody knows to be rejected'
);
SELECT is(
    pg_temp.finds(
        'INSERT INTO landing.document SELECT d.stream, 9, d.position, d.key, d.body, d.written_at '
        'FROM landing.document AS d'
    ),
    'shop.product_categories: landed without a position: 5, for example partition 9, position 0',
    'one of a partition that nobody landed'
);
SELECT is(pg_temp.finds('DELETE FROM raw.category'), 'nothing', 'what was purged from raw is in history');

SELECT * FROM finish();
ROLLBACK;
