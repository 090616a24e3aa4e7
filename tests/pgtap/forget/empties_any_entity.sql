BEGIN;
SELECT plan(10);

-- A name whose changes open versions, a phone that is written in place, and a note that the source alone has.
CREATE TABLE raw.person (
    person_id uuid, region text, name text, phone text, note text, city text, seen_at timestamptz,
    PRIMARY KEY (region, person_id)
);
CALL sl.declare_entity(
    'person', 'raw.person', '{region,person_id}', '{name,city}', p_in_place => '{phone}', p_event_time => 'seen_at',
    p_required => '{name}', p_personal => '{name,phone,note}'
);
CREATE FUNCTION pg_temp.forget(p_key text)
RETURNS text
LANGUAGE plpgsql
SET client_min_messages = warning
AS $body$
DECLARE
    v_run_id bigint;
    v_mart_run_id bigint;
    v_raw bigint;
    v_dds bigint;
    v_mart bigint;
    v_rejected bigint;
BEGIN
    CALL sl.forget('person', p_key, v_run_id, v_mart_run_id, v_raw, v_dds, v_mart, v_rejected);
    RETURN format('batch %s: %s %s %s %s', coalesce(v_mart_run_id::text, 'none'), v_raw, v_dds, v_mart, v_rejected);
END;
$body$;
CREATE FUNCTION pg_temp.known()
RETURNS SETOF text
LANGUAGE sql
BEGIN ATOMIC
    SELECT p.region FROM raw.person AS p WHERE p.name || p.phone || p.note IS NOT NULL
    UNION
    SELECT d.region FROM dds.person AS d WHERE coalesce(d.name, d.phone) IS NOT NULL
    UNION
    SELECT 'rejected' FROM sl.rejected_row AS j WHERE j.row::text ~ 'Anna'
    UNION
    SELECT 'kept' FROM sl.kept_state AS k WHERE k.state::text ~ 'Anna';
END;

INSERT INTO raw.person VALUES
('6f1d9f0e-0000-4000-8000-0000000000ab', 'North', 'Anna', '1', 'x', 'Omsk', tap.at(1)),
('6f1d9f0e-0000-4000-8000-0000000000ab', 'South', 'Ivan', '2', 'y', 'Omsk', tap.at(1));
SELECT sl.run_load('person');
UPDATE raw.person SET city = 'Tomsk', seen_at = tap.at(2) WHERE region = 'North';
SELECT sl.run_load('person');
-- A bad state that was read, and a good one that was not, as other transactions would have written them.
INSERT INTO sl.rejected_row (entity_name, entity_key, rule_name, row, run_id, rejected_at, last_run_id, last_seen)
SELECT
    'person', '["North", "6f1d9f0e-0000-4000-8000-0000000000ab"]', 'x', '{"name": "Anna"}',
    max(r.run_id), now(), max(r.run_id), now()
FROM sl.run AS r;
ALTER TABLE raw.person DISABLE TRIGGER sl_stamp;
UPDATE raw.person SET changed_xid = 5;
ALTER TABLE raw.person ENABLE ALWAYS TRIGGER sl_stamp;
UPDATE sl.watermark SET snapshot_xmin = 4 WHERE source = 'raw.person';
SELECT set_config('sl.read_below_' || left(md5('person'), 8), '', true);

SELECT is(
    pg_temp.forget('["North", "6F1D9F0E-0000-4000-8000-0000000000AB"]'), 'batch none: 1 2 0 1',
    'it tells how many rows held something'
);
SELECT set_eq('SELECT pg_temp.known()', ARRAY['South'], 'of the key nothing personal is left, and of others all');
SELECT is(
    (SELECT k.state - 'changed_xid' FROM sl.kept_state AS k),
    jsonb_build_object(
        'person_id', '6f1d9f0e-0000-4000-8000-0000000000ab', 'region', 'North', 'city', 'Tomsk', 'seen_at', tap.at(2)
    ),
    'the state that no load has read is kept aside without it'
);
SELECT results_eq(
    $$SELECT valid_from, city FROM dds.person WHERE region = 'North' ORDER BY valid_from$$,
    $$VALUES (tap.at(1), 'Omsk'), (tap.at(2), 'Tomsk')$$,
    'intervals and all else stay'
);
SELECT results_eq(
    $$SELECT entity_key, mart_run_id, raw_rows, dds_versions, mart_versions, rejected_rows FROM sl.erasure$$,
    $$VALUES (
        '["North", "6f1d9f0e-0000-4000-8000-0000000000ab"]', NULL::bigint, 1::bigint, 2::bigint, 0::bigint, 1::bigint
    )$$,
    'the receipt'
);
SELECT is(
    pg_temp.forget('["North", "6f1d9f0e-0000-4000-8000-0000000000ab"]'), 'batch none: 0 0 0 0',
    'a second call finds nothing'
);

-- The source delivers it again, with another city.
INSERT INTO raw.person VALUES ('6f1d9f0e-0000-4000-8000-0000000000ab', 'North', 'Anna', '1', 'x', 'Perm', tap.at(3))
ON CONFLICT (region, person_id) DO UPDATE
SET
    name = excluded.name,
    phone = excluded.phone,
    note = excluded.note,
    city = excluded.city,
    seen_at = excluded.seen_at;
SELECT set_eq('SELECT pg_temp.known()', ARRAY['South'], 'delivered again, it is emptied in the same statement');
-- By a way that fires no trigger, and overwritten before a load has read it.
ALTER TABLE raw.person DISABLE TRIGGER sl_forget_update, DISABLE TRIGGER sl_stamp;
UPDATE raw.person SET name = 'Anna', changed_xid = 6 WHERE region = 'North';
ALTER TABLE raw.person ENABLE ALWAYS TRIGGER sl_stamp;
UPDATE raw.person SET city = 'Ufa', seen_at = tap.at(4) WHERE region = 'North';
ALTER TABLE raw.person ENABLE ALWAYS TRIGGER sl_forget_update;
SELECT matches(
    tap.audit_detail(),
    'dds.person: forgotten_key_known: 1, e.g. key \["North", "6f1d9f0e-0000-4000-8000-0000000000ab"\]',
    'what slipped by is found by the audit'
);
SELECT sl.run_load('person');
SELECT set_eq('SELECT pg_temp.known()', ARRAY['South'], 'and emptied by the load');
SELECT is(tap.audit_detail(), 'clean', 'the history stands still, whatever the source says of the city');

SELECT * FROM finish();
ROLLBACK;
