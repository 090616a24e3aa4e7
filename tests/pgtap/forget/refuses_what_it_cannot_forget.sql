BEGIN;
SELECT plan(8);

SELECT throws_ok($$CALL sl.forget('client', '404')$$, 'TS006', 'sl.forget: no client 404 is known', 'an unknown key');
SELECT throws_ok(
    $$CALL sl.forget('client', 'Anna')$$, 'TS006', 'sl.forget: no client Anna is known', 'no key of the type'
);
SELECT throws_ok($$CALL sl.forget('client', NULL)$$, 'TS006', 'sl.forget: no client NULL is known', 'NULL');
SELECT throws_ok(
    $$CALL sl.forget('sale', '1')$$, '22023', 'sl.forget: entity "sale" has no personal columns',
    'an entity without personal columns'
);
SELECT throws_ok($$CALL sl.forget('nobody', '1')$$, 'TS002', NULL, 'an entity that is not declared');
SELECT is_empty('SELECT * FROM sl.erasure', 'none of which leaves a receipt');

CREATE TABLE raw.person (person_id bigint PRIMARY KEY, name text NOT NULL);
SELECT throws_ok(
    $$CALL sl.declare_entity('person', 'raw.person', '{person_id}', '{name}', p_personal => '{name}')$$, '22023',
    'Entity "person": name of raw.person is NOT NULL, and cannot be emptied',
    'a declaration of what could not be emptied'
);
SELECT throws_ok(
    $$CALL sl.declare_entity('person', 'raw.person', '{person_id}', '{name}', p_personal => '{person_id}')$$, '22023',
    'Entity "person": a column of p_personal is in the key, which is never empty', 'and of a key'
);

SELECT * FROM finish();
ROLLBACK;
