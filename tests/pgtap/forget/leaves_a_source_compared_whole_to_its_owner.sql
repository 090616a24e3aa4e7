BEGIN;
SELECT plan(4);

CREATE TABLE raw.guest (guest_id bigint, name text, city text);
CALL sl.declare_entity('guest', 'raw.guest', '{guest_id}', '{name,city}', p_changes => 'scan', p_personal => '{name}');
INSERT INTO raw.guest VALUES (1, 'Anna', 'Omsk'), (2, 'Ivan', 'Omsk');
SELECT sl.run_load('guest');
CREATE FUNCTION pg_temp.forget() RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE $sql$CALL sl.forget('guest', '1')$sql$;
END;
$body$;
SELECT pg_temp.forget();
SELECT results_eq(
    'SELECT guest_id, name FROM dds.guest ORDER BY guest_id', $$VALUES (1::bigint, NULL), (2, 'Ivan')$$,
    'the history is emptied'
);
SELECT is((SELECT g.name FROM raw.guest AS g WHERE g.guest_id = 1), 'Anna', 'the source is not');
UPDATE raw.guest SET city = 'Perm';
SELECT sl.run_load('guest');
SELECT results_eq(
    'SELECT guest_id, name, city FROM dds.guest WHERE is_current ORDER BY guest_id',
    $$VALUES (1::bigint, NULL, 'Omsk'), (2, 'Ivan', 'Perm')$$,
    'which brings nothing of it back'
);
SELECT is(tap.audit_detail(), 'clean', 'the audit finds nothing');

SELECT * FROM finish();
ROLLBACK;
