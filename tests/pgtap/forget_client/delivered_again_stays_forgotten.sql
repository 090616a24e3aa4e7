BEGIN;
SELECT plan(6);

SELECT tap.put_healthy_warehouse();
SELECT tap.forget_client(1);
CREATE TEMPORARY TABLE before AS SELECT to_jsonb(d) AS row FROM dds.client AS d;

-- The whole source once more, with a later state and a late one.
SELECT tap.put_client(1, tap.at(20), 'Anna', 'Komarova');
SELECT is_empty(
    $$SELECT * FROM raw.client WHERE client_id = 1 AND coalesce(first_name, last_name, birth_date::text) IS NOT NULL$$,
    'raw does not keep what a source delivers again'
);
SELECT results_eq(
    $$SELECT * FROM tap.load('client')$$,
    $$VALUES (2, 0, 0, 0, 2, 0)$$,
    'the row, and the emptied one that it has overwritten, are read, judged by no rule, and unchanged'
);
SELECT tap.put_client(1, tap.at(2), 'Anna', 'Orlova');
SELECT results_eq($$SELECT * FROM tap.load('client')$$, $$VALUES (1, 0, 0, 0, 1, 0)$$, 'a late state is too');
SELECT results_eq(
    $$SELECT inserted, corrected, deleted, unchanged FROM tap.load('client', true)$$,
    $$VALUES (0, 0, 0, 2)$$,
    'and so it is when every row is compared'
);
SELECT set_eq($$SELECT to_jsonb(d) FROM dds.client AS d$$, $$SELECT * FROM before$$, 'its history stands still');
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
