BEGIN;
SELECT plan(5);

SELECT tap.put_client(1, tap.at(1));
SELECT tap.load('client');
SELECT tap.put_client(1, tap.at(1), p_is_deleted => true);

SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 0, 1, 0, 0)$$,
    'one deleted'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), tap.at(1, '1 microsecond'), false)$$,
    'the version ends a microsecond later'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');
SELECT tap.put_client(1, tap.at(1));
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (1, 0, 1, 0, 0, 0)$$,
    'the state committed last wins: the deletion is taken back'
);
SELECT results_eq(
    $$SELECT * FROM tap.clients()$$,
    $$VALUES (1, 'Anna', 'Orlova', date '1990-05-20', tap.at(1), timestamptz 'infinity', true)$$,
    'and the version is open again'
);

SELECT * FROM finish();
ROLLBACK;
