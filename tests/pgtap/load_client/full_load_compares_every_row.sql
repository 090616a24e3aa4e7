BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.put_client(2, tap.at(1), 'Ivan', 'Petrov');
SELECT tap.load('client');
-- A row that came past the increment: its transaction lies before the watermark.
INSERT INTO raw.client (client_id, updated_at, first_name, last_name, birth_date, changed_xid)
VALUES (3, tap.at(1), 'Pavel', 'Petrov', '1990-05-20', 5);
SELECT tap.load('client');

SELECT results_eq(
    $$SELECT * FROM tap.load('client', p_full => true)$$,
    $$VALUES (3, 1, 0, 0, 2, 0)$$,
    'all rows of raw are read'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true),
    (2, 'Ivan', 'Petrov', '1990-05-20', tap.at(1), 'infinity', true),
    (3, 'Pavel', 'Petrov', '1990-05-20', tap.at(1), 'infinity', true)$$,
    'and the one that was missing is found'
);
SELECT results_eq(
    $$SELECT is_full FROM sl.run ORDER BY run_id$$,
    $$VALUES (true), (false), (true)$$,
    'the run says that it was full, as the first one was'
);

SELECT * FROM finish();
ROLLBACK;
