BEGIN;
SELECT plan(2);

-- A dump taken between a load and the build: the load's transaction id lies above this server's next one, the mart's
-- watermark does not.
SELECT tap.put_sale(1, tap.at(5), tap.at(5));
SELECT tap.refresh();
SELECT tap.put_sale(1, tap.at(6), tap.at(5), p_quantity => 3);
SELECT tap.load('sale');
UPDATE sl.run SET xid = 900000000000 WHERE run_id = (SELECT max(r.run_id) FROM sl.run AS r);

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.build_mart()$$,
    $$VALUES (0, 1, 0, 0)$$,
    'the sale is corrected'
);
SELECT results_eq(
    $$SELECT version_no, quantity, is_current FROM tap.mart()$$,
    $$VALUES (1, 2, false), (2, 3, true)$$,
    'in the mart'
);

SELECT * FROM finish();
ROLLBACK;
