BEGIN;
SELECT plan(2);

-- A dump restored into a younger cluster: rows are written under low transaction ids, and by the time of the first load
-- the cluster has passed the id that the watermark names.
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.load('client');
INSERT INTO raw.client (client_id, updated_at, first_name, last_name, birth_date, changed_xid)
VALUES (2, tap.at(1), 'Ivan', 'Petrov', '1990-05-20', 5);
UPDATE sl.watermark SET system_identifier = 1;

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (2, 1, 0, 0, 1, 0)$$,
    'every row is compared, and the new one inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (0, 0, 0, 0, 0, 0)$$,
    'and no more'
);

SELECT * FROM finish();
ROLLBACK;
