BEGIN;
SELECT plan(3);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1), p_last_name => NULL);
CREATE TEMPORARY TABLE seen (rows_read bigint, rows_inserted bigint, rows_rejected bigint);
DO $$
DECLARE
    v_load record;
BEGIN
    v_load := sl.run_load('client');
    INSERT INTO pg_temp.seen VALUES (v_load.rows_read, v_load.rows_inserted, v_load.rows_rejected);
END;
$$;
SELECT results_eq('SELECT * FROM pg_temp.seen', 'VALUES (2::bigint, 1::bigint, 1::bigint)', 'of an ordinary load');
SELECT results_eq(
    $$SELECT r.run_id > 0, r.rows_read, r.rows_unchanged FROM sl.run_load('client', p_full => true) AS r$$,
    'VALUES (true, 2::bigint, 1::bigint)',
    'of a full one, and in a query'
);
SELECT throws_ok($$SELECT sl.run_load('nobody')$$, 'TS002', NULL, 'an entity that is not declared is told');

SELECT * FROM finish();
ROLLBACK;
