BEGIN;
SELECT plan(1);

SELECT throws_ok(
    $$SELECT sl._finish_run(sl._begin_run('dds.load_client', 'dds.client'), 3, 1, 0, 0, 1, 0, false)$$,
    '23514',
    NULL,
    'a run that loses a row cannot succeed'
);

SELECT * FROM finish();
ROLLBACK;
