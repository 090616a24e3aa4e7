BEGIN;
SELECT plan(7);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.put_client(2, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, clock_timestamp() + interval '1 hour', p_last_name => 'Early');
SELECT tap.put_client(2, clock_timestamp() + interval '1 hour', p_last_name => 'Early');
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (2, 0, 0, 0, 0, 2)$$, 'a state of the future is rejected'
);
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (2, 0, 0, 0, 0, 2)$$, 'it is judged again, though nobody touched it'
);
SELECT is(
    (SELECT count(*) FROM sl.rejected_row AS j WHERE j.times_seen = 1),
    2::bigint,
    'that changes nothing of its rejection'
);

-- A real correction meanwhile is the latest state, and resolves what claimed to be later than now.
SELECT tap.put_client(1, tap.at(2), p_last_name => 'Real');
SELECT tap.load('client');
SELECT results_eq(
    $$SELECT c.client_id, c.last_name FROM tap.clients() AS c WHERE c.is_current$$,
    $$VALUES (1, 'Real'), (2, 'Orlova')$$,
    'a correction of now is current at once'
);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$,
    $$VALUES ('client', '1', 'updated_at_in_future', true), ('client', '2', 'updated_at_in_future', false)$$,
    'and resolves the rejection'
);

-- As if the hour had passed.
UPDATE sl.entity SET future_tolerance = '2 hours' WHERE entity_name = 'client';
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$, $$VALUES (1, 1, 0, 0, 0, 0)$$, 'when its time has come it is loaded'
);
SELECT is(tap.audit_detail(), 'clean', 'all is well');

SELECT * FROM finish();
ROLLBACK;
