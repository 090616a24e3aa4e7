BEGIN;
SELECT plan(2);

SELECT results_eq(
    $$SELECT * FROM tap.build_mart()$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'a build of an empty warehouse succeeds'
);
SELECT is_empty($$SELECT * FROM cdm.sales_mart$$, 'and writes nothing');

SELECT * FROM finish();
ROLLBACK;
