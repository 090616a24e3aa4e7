BEGIN;
SELECT plan(5);

SELECT is(
    sl._slice_condition(row('dds.sale', 2, '100', '200', NULL, NULL, NULL, NULL), '{sale_id}', '{bigint}'),
    'sale_id >= ''100''::bigint AND sale_id < ''200''::bigint',
    'of a slice in the middle'
);
SELECT is(
    sl._slice_condition(row('dds.sale', 1, NULL, '200', NULL, NULL, NULL, NULL), '{t.sale_id}', '{bigint}'),
    't.sale_id < ''200''::bigint',
    'of the first slice'
);
SELECT is(
    sl._slice_condition(row('dds.sale', 1, NULL, NULL, NULL, NULL, NULL, NULL), '{sale_id}', '{bigint}'),
    'true',
    'of the only slice'
);
SELECT is(sl._slice_condition(NULL, '{sale_id}', '{bigint}'), 'true', 'of no slice, which stands for all keys');
SELECT is(
    sl._slice_condition(
        row('dds.stock', 2, '["7", "North"]', NULL, NULL, NULL, NULL, NULL), '{t.shop_id,t.region}', '{bigint,text}'
    ),
    '(t.shop_id, t.region) >= ((''["7", "North"]''::jsonb ->> 0)::bigint, (''["7", "North"]''::jsonb ->> 1)::text)',
    'of a key of several columns'
);

SELECT * FROM finish();
ROLLBACK;
