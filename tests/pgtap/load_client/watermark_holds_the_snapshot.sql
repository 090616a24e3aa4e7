BEGIN;
SELECT plan(1);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.call('dds.load_client', p_settle => false);

SELECT ok(
    (SELECT w.snapshot_xmin = pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM sl.watermark AS w),
    'snapshot_xmin is that of the run: what was not committed then is read next time'
);

SELECT * FROM finish();
ROLLBACK;
