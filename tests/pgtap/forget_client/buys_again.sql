BEGIN;
SELECT plan(4);

SELECT tap.put_healthy_warehouse();
SELECT tap.forget_client(1);

SELECT tap.put_sale(9, tap.at(7), tap.at(7), 1, 1, 3);
SELECT tap.put_sale(1, tap.at(8), tap.at(5), 1, 1, 4);
SELECT tap.refresh();

SELECT results_eq(
    $$SELECT sale_id, client_id, client, client_age, quantity FROM tap.mart() WHERE is_current AND client_id = 1$$,
    $$VALUES (1, 1, NULL::text, 33, 4), (9, 1, NULL, NULL, 3)$$,
    'a corrected sale keeps the age it had, a new one has none, and neither a name'
);
SELECT is_empty(
    'SELECT * FROM cdm.sales_mart AS m WHERE m.client_id = 1 AND m.client_sk IS NULL',
    'they point to the client''s versions'
);
SELECT results_eq(
    $$SELECT inserted, corrected, deleted FROM tap.build_mart(true)$$,
    $$VALUES (0, 0, 0)$$,
    'a full build finds nothing to change'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
