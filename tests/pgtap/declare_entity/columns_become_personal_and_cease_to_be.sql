BEGIN;
SELECT plan(4);

CREATE TABLE raw.person (person_id bigint PRIMARY KEY, name text, city text);
CALL sl.declare_entity('person', 'raw.person', '{person_id}', '{name,city}', p_required => '{name}');
CREATE FUNCTION pg_temp.triggers()
RETURNS SETOF name
LANGUAGE sql
BEGIN ATOMIC
    SELECT t.tgname FROM pg_trigger AS t WHERE t.tgrelid = 'raw.person'::regclass AND t.tgname ~ '^sl_forget';
END;
SELECT is_empty(
    'SELECT pg_temp.triggers()', 'of an entity without personal columns no trigger looks for forgotten keys'
);
CALL sl.declare_entity(
    'person', 'raw.person', '{person_id}', '{name,city}', p_required => '{name}', p_personal => '{name}'
);
SELECT set_eq('SELECT pg_temp.triggers()', ARRAY['sl_forget_insert', 'sl_forget_update'], 'of one with them some do');
SELECT col_is_null('dds', 'person', 'name', 'what is personal may be empty in the target');
CALL sl.declare_entity('person', 'raw.person', '{person_id}', '{name,city}', p_required => '{name}');
SELECT is_empty('SELECT pg_temp.triggers()', 'and none where the declaration takes them back');

SELECT * FROM finish();
ROLLBACK;
