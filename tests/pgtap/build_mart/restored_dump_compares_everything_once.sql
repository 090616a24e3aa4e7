BEGIN;
SELECT plan(3);

SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
UPDATE sl.run SET xid = xid + 900000000000;
UPDATE sl.watermark SET snapshot_xmin = 900000000000;

SELECT results_eq(
    $$SELECT * FROM tap.build_mart()$$,
    $$VALUES (1, 0, 0, 0, 1, 0)$$,
    'every sale is compared'
);
SELECT results_eq(
    $$SELECT * FROM tap.build_mart()$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'and no more'
);
SELECT tap.put_client(1, tap.at(1));
SELECT results_eq(
    $$SELECT * FROM tap.refresh()$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'what is loaded from now on is taken up as ever'
);

SELECT * FROM finish();
ROLLBACK;
