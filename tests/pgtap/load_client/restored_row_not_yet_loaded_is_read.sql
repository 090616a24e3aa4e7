BEGIN;
SELECT plan(2);

-- A dump taken after raw was written and before the load: the watermark is not above this server's next transaction id,
-- the row's changed_xid is. It is not below the watermark, hence a candidate of the next run.
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
INSERT INTO raw.client (client_id, updated_at, first_name, last_name, birth_date, changed_xid)
VALUES (2, tap.at(1), 'Ivan', 'Petrov', '1990-05-20', 900000000000);

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
