BEGIN;
SELECT plan(2);

-- Not settled: the calls are really of one transaction, and each reads anew what the others have read.
SELECT tap.put_client(1, tap.at(1), 'Anna', 'Orlova');
SELECT tap.call('dds.load_client', p_settle => false);
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Belova');
SELECT tap.call('dds.load_client', p_settle => false);
SELECT tap.call('dds.load_client', p_settle => false);

SELECT results_eq(
    $$SELECT rows_read, rows_inserted, rows_unchanged FROM sl.run ORDER BY run_id$$,
    $$VALUES (1::bigint, 1::bigint, 0::bigint), (1, 1, 0), (1, 0, 1)$$,
    'each is a run of its own'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES
    (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(2), false),
    (1, 'Anna', 'Belova', '1990-05-20', tap.at(2), 'infinity', true)$$,
    'with one history'
);

SELECT * FROM finish();
ROLLBACK;
