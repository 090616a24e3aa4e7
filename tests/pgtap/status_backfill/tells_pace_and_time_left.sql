BEGIN;
SELECT plan(5);

INSERT INTO sl.backfill (target, promised, consumes) VALUES ('dds.client', '[]', '{}');
INSERT INTO sl.backfill_slice (target, slice_no) SELECT 'dds.client', n FROM generate_series(1, 40) AS n;
SELECT row_eq(
    'SELECT slices, slices_done, rows_read, rows_per_second, seconds_left FROM sl.status_backfill',
    row(40::bigint, 0::bigint, 0::numeric, NULL::numeric, NULL::numeric),
    'before the first slice is done neither is known'
);

-- Slices of a minute, one after the other. The first two took an hour each.
INSERT INTO sl.run (procedure_name, target, started_at, finished_at, rows_read)
SELECT
    'sl.backfill',
    'dds.client',
    tap.at(1) + (n - CASE WHEN n <= 2 THEN 60 ELSE 1 END) * interval '1 minute',
    tap.at(1) + n * interval '1 minute',
    6000
FROM generate_series(1, 12) AS n;
UPDATE sl.backfill_slice AS s
SET run_id = r.run_id
FROM (SELECT run_id, row_number() OVER (ORDER BY run_id) AS slice_no FROM sl.run) AS r
WHERE r.slice_no = s.slice_no;
SELECT row_eq(
    'SELECT slices, slices_done, rows_read, rows_per_second, seconds_left FROM sl.status_backfill',
    row(40::bigint, 12::bigint, 72000::numeric, 100::numeric, (28 * 60)::numeric),
    'they are told by the last ten slices'
);

-- Nobody was at work for a day before the last four.
UPDATE sl.run AS r
SET started_at = r.started_at - interval '1 day', finished_at = r.finished_at - interval '1 day'
FROM sl.backfill_slice AS s
WHERE s.run_id = r.run_id AND s.slice_no <= 8;
SELECT row_eq(
    'SELECT rows_per_second, seconds_left FROM sl.status_backfill',
    row(100::numeric, (28 * 60)::numeric),
    'a pause does not count'
);

-- Each other one begins half a minute before the one before it ends.
UPDATE sl.run AS r
SET started_at = r.started_at - interval '30 seconds', finished_at = r.finished_at - interval '30 seconds'
FROM sl.backfill_slice AS s
WHERE s.run_id = r.run_id AND s.slice_no % 2 = 0;
SELECT row_eq(
    'SELECT rows_per_second, seconds_left FROM sl.status_backfill',
    row(round(60000 / 450.0), (28 * 45)::numeric),
    'what two sessions do beside each other takes its time once'
);

UPDATE sl.backfill SET finished_at = now();
SELECT results_eq(
    'SELECT seconds_left FROM sl.status_backfill', ARRAY[0::numeric], 'nothing is left of a finished one'
);

SELECT * FROM finish();
ROLLBACK;
