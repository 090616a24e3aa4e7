BEGIN;
SELECT plan(5);

SELECT tap.put_healthy_warehouse();
-- Client 1 is seen again without a change, client 5 once.
SELECT tap.put_client(1, tap.at(6), 'Anna', 'Belova');
SELECT tap.put_client(5, tap.at(6));
SELECT tap.refresh();
SELECT tap.forget_client(1);
SELECT tap.forget_client(5);

SELECT tap.put_client(1, tap.at(6), p_is_deleted => true);
SELECT tap.put_client(5, tap.at(6), p_is_deleted => true);
SELECT results_eq(
    $$SELECT rows_read, deleted, unchanged FROM tap.load('client')$$,
    $$VALUES (4, 2, 2)$$,
    'both are deleted; the emptied states that were overwritten say nothing new'
);
SELECT results_eq(
    $$SELECT client_id, valid_from, valid_to, observed_at FROM dds.client
    WHERE client_id IN (1, 5) ORDER BY client_id, valid_from$$,
    $$VALUES
    (1::bigint, tap.at(1), tap.at(3), NULL::timestamptz[]),
    (1, tap.at(3), tap.at(6, '1 microsecond'), ARRAY[tap.at(6)]),
    (5, tap.at(6), tap.at(6, '1 microsecond'), NULL)$$,
    'closed a microsecond after they were last seen alive'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');
SELECT results_eq(
    $$SELECT inserted, corrected, deleted FROM tap.load('client', true)$$,
    $$VALUES (0, 0, 0)$$,
    'a full load changes nothing'
);
SELECT is(tap.audit_detail(), 'clean', 'and neither does the audit after it');

SELECT * FROM finish();
ROLLBACK;
