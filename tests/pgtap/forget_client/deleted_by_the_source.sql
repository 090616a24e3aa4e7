BEGIN;
SELECT plan(3);

SELECT tap.put_healthy_warehouse();
SELECT tap.forget_client(1);

SELECT tap.put_client(1, tap.at(10), p_is_deleted => true);
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (2, 0, 0, 1, 1, 0)$$,
    'a deletion is taken; the emptied state that it has overwritten says nothing new'
);
SELECT results_eq(
    $$SELECT valid_from, valid_to, is_current FROM dds.client WHERE client_id = 1 ORDER BY valid_from$$,
    $$VALUES (tap.at(1), tap.at(3), false), (tap.at(3), tap.at(10), false)$$,
    'it closes the current version'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
