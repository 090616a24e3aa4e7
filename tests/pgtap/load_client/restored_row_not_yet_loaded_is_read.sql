BEGIN;
SELECT plan(2);

-- A dump taken after raw was written and before the load, and restored into a cluster that has given out more
-- transaction ids than the watermark names, and fewer than the row does.
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
INSERT INTO raw.client (client_id, updated_at, first_name, last_name, birth_date, changed_xid)
VALUES (2, tap.at(1), 'Ivan', 'Petrov', '1990-05-20', 900000000000);
UPDATE sl.watermark SET system_identifier = 1;

SELECT results_eq(
    $$SELECT inserted, corrected, deleted, rejected FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0)$$,
    'the row is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true),
    (2, 'Ivan', 'Petrov', '1990-05-20', tap.at(1), 'infinity', true)$$,
    'and is in dds'
);

SELECT * FROM finish();
ROLLBACK;
