BEGIN;
SELECT plan(7);

CREATE TABLE raw.person (person_id bigint PRIMARY KEY, name text, city text);
CALL sl.declare_entity('person', 'raw.person', '{person_id}', '{name,city}', p_personal => '{name}');
CREATE VIEW cdm.people_image AS
SELECT p.person_id, p.name AS full_name, p.city FROM dds.person AS p WHERE p.is_current;
CALL sl.declare_mart(
    'people', p_key => '{person_id}', p_sources => '{person}',
    p_personal => '{"person": {"columns": ["full_name"], "key": "person_id"}}'
);
CREATE VIEW cdm.cities_image AS
SELECT p.city, count(*) AS people_cnt FROM dds.person AS p WHERE p.is_current AND p.name IS NOT NULL GROUP BY p.city;
CALL sl.declare_mart('cities', p_key => '{city}', p_sources => '{person}');

INSERT INTO raw.person VALUES (1, 'Anna', 'Omsk'), (2, 'Ivan', 'Omsk');
SELECT sl.run_load('person');
CREATE FUNCTION pg_temp.forget(OUT run_id bigint, OUT mart_run_id bigint, OUT mart_versions bigint)
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
DECLARE
    v_raw bigint;
    v_dds bigint;
    v_rejected bigint;
BEGIN
    CALL sl.forget('person', '1', run_id, mart_run_id, v_raw, v_dds, mart_versions, v_rejected);
END;
$body$;
CREATE TEMPORARY TABLE told AS SELECT f.* FROM pg_temp.forget() AS f;

SELECT results_eq(
    'SELECT person_id, full_name FROM cdm.people ORDER BY person_id', $$VALUES (1::bigint, NULL), (2, 'Ivan')$$,
    'a mart that was not built yet is built, and emptied'
);
SELECT results_eq(
    $$SELECT r.target, r.procedure_name, t.mart_versions, r.rows_corrected
    FROM told AS t INNER JOIN sl.run AS r ON r.run_id = t.mart_run_id$$,
    $$VALUES ('cdm.people', 'sl.forget', 1::bigint, 1::bigint)$$,
    'by a batch of its own'
);
SELECT is(
    (SELECT p.run_id FROM cdm.people AS p WHERE p.person_id = 1), (SELECT t.mart_run_id FROM told AS t),
    'whose number the version bears'
);
SELECT results_eq(
    'SELECT city, people_cnt, is_current FROM cdm.cities ORDER BY version_no',
    $$VALUES ('Omsk', 2::bigint, false), ('Omsk', 1, true)$$,
    'what another mart has reported stays, and it counts anew'
);
SELECT is(
    (SELECT r.consumed_by IS NOT NULL FROM sl.run AS r WHERE r.run_id = (SELECT t.run_id FROM told AS t)), true,
    'and no build looks at it anew'
);
UPDATE cdm.people SET full_name = 'Anna' WHERE person_id = 1;
SELECT matches(
    tap.audit_detail(), '^cdm.people: image_differs: 1, e.g. key 1\ndds.person: forgotten_key_known: 1, e.g. key 1$',
    'the audit looks into the mart'
);

CREATE TABLE raw.pair (a bigint, b bigint, name text, PRIMARY KEY (a, b));
CALL sl.declare_entity('pair', 'raw.pair', '{a,b}', '{name}', p_personal => '{name}');
CREATE VIEW cdm.pairs_image AS SELECT p.a, p.b, p.name FROM dds.pair AS p WHERE p.is_current;
SELECT throws_ok(
    $$CALL sl.declare_mart(
        'pairs', p_key => '{a,b}', p_sources => '{pair}', p_personal => '{"pair": {"columns": ["name"], "key": "a"}}'
    )$$,
    '22023', 'Mart "pairs": p_personal: the key of "pair" has several columns',
    'one column cannot hold a key of several'
);

SELECT * FROM finish();
ROLLBACK;
