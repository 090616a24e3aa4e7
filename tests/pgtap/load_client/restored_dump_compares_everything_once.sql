BEGIN;
SELECT plan(4);

-- A dump of a server that had given out more transaction ids: raw's rows and the watermark lie above this one's next.
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
INSERT INTO raw.client (client_id, updated_at, first_name, last_name, birth_date, changed_xid)
VALUES (2, tap.at(1), 'Ivan', 'Petrov', '1990-05-20', 900000000000);
UPDATE sl.watermark SET snapshot_xmin = 900000000000;

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (2, 1, 0, 0, 1, 0)$$,
    'every row is compared'
);
SELECT is((SELECT r.is_full FROM sl.run AS r ORDER BY r.run_id DESC LIMIT 1), true, 'the run says so');
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'and no more'
);
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'what is written from now on is read as ever'
);

SELECT * FROM finish();
ROLLBACK;
