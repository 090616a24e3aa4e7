BEGIN;
SELECT plan(4);

CREATE TABLE raw."o'clock" (
    "100%I of $1" bigint PRIMARY KEY, "say ""hi"" {{key}}" text, "back\slash %s" text, updated_at timestamptz
);
CALL sl.declare_entity(
    'odd', $$raw."o'clock"$$, ARRAY['100%I of $1'], ARRAY['say "hi" {{key}}'], p_in_place => ARRAY['back\slash %s'],
    p_event_time => 'updated_at', p_personal => ARRAY['back\slash %s'], p_target => 'dds."odd%"'
);
INSERT INTO raw."o'clock" VALUES (1, 'x', 'Anna', tap.at(1)), (2, 'y', 'Ivan', tap.at(1));
SELECT set_eq(
    $$SELECT outcome, entity_key, new_values ->> 'back\slash %s' FROM sl.preview('odd')$$,
    $$VALUES ('inserted', '1', 'Anna'), ('inserted', '2', 'Ivan')$$,
    'a preview'
);
SELECT sl.run_load('odd');
CREATE FUNCTION pg_temp.call(p_call text) RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $body$
BEGIN
    EXECUTE p_call;
END;
$body$;
SELECT pg_temp.call($$CALL sl.forget('odd', '1')$$);
UPDATE raw."o'clock" SET "100%I of $1" = 3, "back\slash %s" = 'Olga' WHERE "100%I of $1" = 2;
SELECT sl.run_load('odd');
SELECT set_eq(
    $$SELECT "100%I of $1", "say ""hi"" {{key}}", "back\slash %s", is_current FROM dds."odd%"$$,
    $$VALUES (1::bigint, 'x', NULL, true), (2, 'y', 'Ivan', false), (3, 'y', 'Olga', true)$$,
    'a load, an erasure, and a key that became another'
);
SELECT pg_temp.call($$CALL sl._purge_pages('odd', tap.at(2), 1, NULL, NULL, NULL)$$);
SELECT is(tap.audit_detail(), 'clean', 'a purge and an audit');
SELECT is_empty('SELECT * FROM sl.status_drift', 'and nothing differs from the declaration');

SELECT * FROM finish();
ROLLBACK;
