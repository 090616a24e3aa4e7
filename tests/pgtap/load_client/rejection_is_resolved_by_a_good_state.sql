BEGIN;
SELECT plan(4);

SELECT tap.put_client(1, tap.at(1), 'Anna', NULL);
SELECT tap.put_client(2, tap.at(1), 'Ivan', NULL);
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Orlova');

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 1, 0, 0, 0, 0)$$,
    'the good state is inserted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(2), timestamptz 'infinity', true)$$,
    'from its own update time'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'name_missing', true), ('client', '2', 'name_missing', false)$$,
    'the rejection of that key is resolved, and no other'
);
SELECT results_eq(
    $$SELECT resolved_run_id FROM sl.rejected_row WHERE entity_key = '1' AND resolved_at >= rejected_at$$,
    $$SELECT max(run_id) FROM sl.run$$,
    'by the run that loaded the good state'
);

SELECT * FROM finish();
ROLLBACK;
