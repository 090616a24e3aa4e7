BEGIN;
SELECT plan(4);

SELECT is(
    sl.slice_condition(row('dds.sale', 2, '100', '200', NULL, NULL, NULL, NULL), 'sale_id', 'bigint'),
    'sale_id >= ''100''::bigint AND sale_id < ''200''::bigint',
    'of a slice in the middle'
);
SELECT is(
    sl.slice_condition(row('dds.sale', 1, NULL, '200', NULL, NULL, NULL, NULL), 't.sale_id', 'bigint'),
    't.sale_id < ''200''::bigint',
    'of the first slice'
);
SELECT is(
    sl.slice_condition(row('dds.sale', 1, NULL, NULL, NULL, NULL, NULL, NULL), 'sale_id', 'bigint'),
    'true',
    'of the only slice'
);
SELECT is(sl.slice_condition(NULL, 'sale_id', 'bigint'), 'true', 'of no slice, which stands for all keys');

SELECT * FROM finish();
ROLLBACK;
