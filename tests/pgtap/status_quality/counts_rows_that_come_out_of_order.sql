BEGIN;
SELECT plan(7);

CREATE VIEW pg_temp.late AS
SELECT q.rows_read, q.rows_late, q.late_share FROM sl.status_quality AS q ORDER BY q.run_id DESC LIMIT 1;

SELECT tap.put_client(1, tap.at(5), 'Anna');
SELECT tap.put_client(2, tap.at(5), 'Boris');
SELECT tap.load('client');
SELECT results_eq('SELECT * FROM pg_temp.late', $$VALUES (2::bigint, 0::bigint, 0.0)$$, 'no first state is late');

SELECT tap.put_client(1, tap.at(7), 'Bella');
SELECT tap.put_client(2, tap.at(3), 'Ivan');
SELECT tap.load('client');
SELECT results_eq('SELECT * FROM pg_temp.late', $$VALUES (2::bigint, 1::bigint, 0.5)$$, 'an older state is');

SELECT tap.put_client(1, tap.at(7), 'Clara');
SELECT tap.load('client');
SELECT results_eq('SELECT * FROM pg_temp.late', $$VALUES (1::bigint, 0::bigint, 0.0)$$, 'a tie is not');

SELECT tap.put_client(1, tap.at(9), 'Clara', p_is_deleted => true);
SELECT tap.load('client');
SELECT results_eq('SELECT * FROM pg_temp.late', $$VALUES (1::bigint, 0::bigint, 0.0)$$, 'a deletion in time is not');

SELECT tap.put_client(1, tap.at(8), 'Dora');
SELECT tap.load('client');
SELECT results_eq(
    'SELECT * FROM pg_temp.late', $$VALUES (1::bigint, 1::bigint, 1.0)$$, 'a state from before the deletion is'
);

SELECT tap.put_client(1, tap.at(1), NULL);
SELECT tap.load('client');
SELECT results_eq('SELECT * FROM pg_temp.late', $$VALUES (1::bigint, 0::bigint, 0.0)$$, 'what is rejected is not');

SELECT tap.build_mart();
SELECT is_empty(
    $$SELECT * FROM sl.run WHERE (rows_late IS NULL) = (procedure_name = 'dds.load_client')$$, 'only loads count it'
);

SELECT * FROM finish();
ROLLBACK;
