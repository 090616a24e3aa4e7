BEGIN;
SELECT plan(6);

SELECT tap.put_client(1, tap.at(1), 'Anna', NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(1), 'Anna', NULL);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 0, 0, 1)$$,
    'the row is counted as rejected'
);
SELECT tap.load('client', true);
SELECT results_eq(
    $$SELECT j.rule_name, j.times_seen FROM sl.rejected_row AS j$$,
    $$VALUES ('name_missing', 1::bigint)$$,
    'the same state is kept once'
);

SELECT tap.put_client(1, tap.at(2), 'Anna', NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(3), 'Olga', NULL);
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT
        j.rule_name, j.times_seen, j.observed_at, j.row ->> 'first_name', j.last_seen > j.rejected_at,
        j.last_run_id = (SELECT max(r.run_id) FROM sl.run AS r)
    FROM sl.rejected_row AS j$$,
    $$VALUES ('name_missing', 3::bigint, tap.at(3), 'Olga', true, true)$$,
    'later bad states take its place, and are counted'
);

SELECT tap.put_client(1, tap.at(2), 'Late', NULL);
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT j.times_seen, j.observed_at, j.row ->> 'first_name' FROM sl.rejected_row AS j$$,
    $$VALUES (4::bigint, tap.at(3), 'Olga')$$,
    'a late bad state is counted, and the newest one stays'
);

SELECT tap.put_client(1, tap.at(4), p_birth_date => '1800-01-01');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', false), ('client', '1', 'birth_date_implausible', false)$$,
    'another rule is another rejection'
);

SELECT tap.put_client(1, tap.at(5));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(6), 'Anna', NULL);
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES
    ('client', '1', 'name_missing', true),
    ('client', '1', 'birth_date_implausible', true),
    ('client', '1', 'name_missing', false)$$,
    'a good state resolves both; what is bad after it is rejected anew'
);

SELECT * FROM finish();
ROLLBACK;
