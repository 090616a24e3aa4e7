BEGIN;
SELECT plan(6);

SELECT is(sl.rows_waiting('client'), 0::bigint, 'nothing in an empty source');
SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1));
SELECT is(sl.rows_waiting('client'), 2::bigint, 'all that a first load will read');
SELECT tap.load('client');
SELECT is(sl.rows_waiting('client'), 0::bigint, 'nothing after the load');
SELECT tap.put_client(2, tap.at(2), 'Boris');
SELECT results_eq(
    $$SELECT sl.rows_waiting('client') AS waiting, l.rows_read::bigint FROM tap.load('client') AS l$$,
    $$VALUES (1::bigint, 1::bigint)$$,
    'as many as the load then reads'
);

-- A restored dump: all is compared once.
UPDATE sl.watermark SET system_identifier = 1;
SELECT is(sl.rows_waiting('client'), 2::bigint, 'everything where the transaction ids are of another cluster');
SELECT is(sl.rows_waiting('nobody'), NULL, 'NULL for an entity that is not declared');

SELECT * FROM finish();
ROLLBACK;
