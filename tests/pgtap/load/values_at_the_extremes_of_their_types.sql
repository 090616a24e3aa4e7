BEGIN;
SELECT plan(4);

-- A table with a column of each type that a source may have.
CREATE TABLE raw.zoo (
    zoo_id bigint PRIMARY KEY,
    a_text text, a_varchar varchar, a_char char(10), a_bytea bytea, a_json json, a_jsonb jsonb, a_xml xml,
    a_array text[],
    a_numeric numeric, a_float double precision, a_real real, a_int integer, a_date date, a_time time,
    a_timestamp timestamp, a_timestamptz timestamptz, a_interval interval, a_uuid uuid, a_inet inet, a_bool boolean,
    a_range int8range,
    updated_at timestamptz NOT NULL,
    is_deleted boolean DEFAULT false
);
-- json and xml have no equality, so that they cannot be tracked.
CALL sl.declare_entity(
    'zoo',
    p_source => 'raw.zoo',
    p_key => '{zoo_id}',
    p_tracked => '{a_text,a_varchar,a_char,a_bytea,a_jsonb,a_array,a_numeric,a_float,a_real,a_int,a_date,a_time,
    a_timestamp,a_timestamptz,a_interval,a_uuid,a_inet,a_bool,a_range}',
    p_event_time => 'updated_at',
    p_deleted => 'is_deleted'
);
CALL sl.declare_rule('zoo', 'false', 'a_bool', 'False');

-- The smallest and the largest of each, good and bad: a rejected row is kept as jsonb.
INSERT INTO raw.zoo (
    zoo_id, a_text, a_bytea, a_json, a_jsonb, a_array, a_numeric, a_float, a_real, a_int, a_date, a_time, a_timestamp,
    a_timestamptz, a_interval, a_uuid, a_inet, a_bool, a_range, updated_at
)
SELECT
    v.*, b.bool, NULL, tap.at(1)
FROM (
    VALUES
    (
        1::bigint, '', ''::bytea, '{}'::json, '{}'::jsonb, '{}'::text[], '-Infinity'::numeric, '-Infinity'::float8,
        '-Infinity'::real, -2147483648, '-infinity'::date, '00:00'::time, '-infinity'::timestamp,
        '-infinity'::timestamptz, '-178000000 years'::interval, '00000000-0000-0000-0000-000000000000'::uuid,
        '0.0.0.0/0'::inet
    ),
    (
        2, E'\x01\x1b]0;title\x07', '\x00ff'::bytea, '[1e400]'::json, '[1e400]'::jsonb, '{NULL,""}'::text[], 'NaN',
        'NaN', 'NaN', 2147483647, '5874897-12-31', '24:00', '294276-12-31 23:59:59.999999', '4714-11-24 00:00:00+00 BC',
        '178000000 years', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'ffff::/16'
    ),
    (
        3, repeat('ё', 32768), decode(repeat('00', 65536), 'hex'), 'null', 'null', ARRAY[repeat('a', 1000)],
        ('1e' || repeat('9', 5))::numeric, 1.7976931348623157e308, 3.4e38, 0, '4714-11-24 BC', '12:00', '4714-11-24 BC',
        '294276-12-31 23:59:59.999999+00', '0', NULL, NULL
    )
) AS v (key)
CROSS JOIN (VALUES (true)) AS b (bool);
INSERT INTO raw.zoo
SELECT
    z.zoo_id + 10, z.a_text, z.a_varchar, z.a_char, z.a_bytea, z.a_json, z.a_jsonb, z.a_xml, z.a_array, z.a_numeric,
    z.a_float, z.a_real, z.a_int, z.a_date, z.a_time, z.a_timestamp, z.a_timestamptz, z.a_interval, z.a_uuid, z.a_inet,
    false, z.a_range, z.updated_at
FROM raw.zoo AS z;
-- One too long of each kind that has a length.
INSERT INTO raw.zoo (zoo_id, a_bytea, a_bool, updated_at)
VALUES (21, decode(repeat('00', 65537), 'hex'), true, tap.at(1));
INSERT INTO raw.zoo (zoo_id, a_jsonb, a_bool, updated_at)
SELECT 22, jsonb_agg(md5(g::text)), true, tap.at(1) FROM generate_series(1, 5000) AS g;
INSERT INTO raw.zoo (zoo_id, a_array, a_bool, updated_at)
SELECT 23, array_agg(md5(g::text)), true, tap.at(1) FROM generate_series(1, 5000) AS g;

CREATE FUNCTION pg_temp.load_zoo()
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM sl.run_load('zoo');
    UPDATE raw.zoo SET changed_xid = 1;
    PERFORM tap.settle();
END;
$body$;
SELECT pg_temp.load_zoo();
SELECT results_eq(
    'SELECT z.zoo_id FROM dds.zoo AS z ORDER BY 1', 'VALUES (1::bigint), (2), (3)', 'the good ones are loaded'
);
SELECT results_eq(
    'SELECT j.entity_key, j.rule_name FROM sl.rejected_row AS j ORDER BY 1',
    $$VALUES
    ('11', 'false'), ('12', 'false'), ('13', 'false'),
    ('21', 'value_too_long'), ('22', 'value_too_long'), ('23', 'value_too_long')$$,
    'the bad ones are rejected'
);
UPDATE raw.zoo SET updated_at = tap.at(2), changed_xid = pg_current_xact_id()::text::bigint;
SELECT pg_temp.load_zoo();
SELECT is(
    (SELECT count(*) FROM dds.zoo AS z WHERE z.observed_at = ARRAY[tap.at(2)]), 3::bigint, 'they equal themselves'
);
SELECT is(tap.audit_detail(), 'clean', 'all is well');

SELECT * FROM finish();
ROLLBACK;
