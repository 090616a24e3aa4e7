BEGIN;
SELECT plan(7);

-- A number has many texts, and so has a moment.
CREATE FUNCTION pg_temp.make(p_name text, p_type text)
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    EXECUTE format(
        'CREATE TABLE raw.%1$I (key %2$s PRIMARY KEY, city text, updated_at timestamptz NOT NULL, '
        'is_deleted boolean DEFAULT false)',
        p_name, p_type
    );
    EXECUTE format(
        'CALL sl.declare_entity(%1$L, p_source => %2$L, p_key => ''{key}'', p_tracked => ''{city}'', '
        'p_event_time => ''updated_at'', p_deleted => ''is_deleted'')',
        p_name, 'raw.' || p_name
    );
END;
$body$;
CREATE FUNCTION pg_temp.deliver(p_name text, p_key text, p_city text, p_at timestamptz, p_is_deleted boolean)
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
    EXECUTE format(
        'INSERT INTO raw.%I AS r (key, city, updated_at, is_deleted) VALUES (%L, $1, $2, $3) ON CONFLICT (key) DO UPDATE '
        'SET key = excluded.key, city = excluded.city, updated_at = excluded.updated_at, is_deleted = excluded.is_deleted',
        p_name, p_key
    )
    USING p_city, p_at, p_is_deleted;
    EXECUTE format('CALL sl.load(%L)', p_name);
    EXECUTE format('UPDATE raw.%I SET changed_xid = 1', p_name);
    PERFORM tap.settle();
END;
$body$;
SELECT pg_temp.make('lot', 'numeric');
SELECT pg_temp.make('shift', 'timestamptz');

-- The deletion comes first, under one text of the key, and the older state under another.
SELECT pg_temp.deliver('lot', '1.0', 'Omsk', tap.at(1), false);
SELECT pg_temp.deliver('lot', '2.00', 'Omsk', tap.at(5), true);
SELECT pg_temp.deliver('lot', '2', 'Omsk', tap.at(3), false);
SELECT results_eq(
    $$SELECT key, valid_from, valid_to, is_current FROM dds.lot ORDER BY key, valid_from$$,
    $$VALUES
    (1::numeric, tap.at(1), timestamptz 'infinity', true), (2, tap.at(3), tap.at(5), false)$$,
    'a deletion of 2.00 closes what is known of 2'
);
SET LOCAL timezone = 'Asia/Tokyo';
SELECT pg_temp.deliver('shift', '2024-01-01 00:00:00+00', 'Omsk', tap.at(5), true);
SET LOCAL timezone = 'America/New_York';
SET LOCAL datestyle = 'German';
SELECT pg_temp.deliver('shift', '2024-01-01 00:00:00+00', 'Omsk', tap.at(3), false);
SELECT results_eq(
    $$SELECT valid_from, valid_to, is_current FROM dds.shift$$,
    $$VALUES (tap.at(3), tap.at(5), false)$$,
    'a deletion noted under another time zone counts'
);

CREATE DOMAIN pg_temp.lot_no AS numeric;
SELECT pg_temp.make('box', 'pg_temp.lot_no');
SELECT pg_temp.deliver('box', '2.00', 'Omsk', tap.at(5), true);
SELECT pg_temp.deliver('box', '2', 'Omsk', tap.at(3), false);
SELECT is((SELECT count(*) FROM dds.box AS b WHERE b.is_current), 0::bigint, 'a domain is as its type');
SELECT pg_temp.make('span', 'interval');
SELECT pg_temp.deliver('span', '24:00', 'Omsk', tap.at(5), true);
SELECT pg_temp.deliver('span', '1 day', 'Omsk', tap.at(3), false);
SELECT is((SELECT count(*) FROM dds.span AS s WHERE s.is_current), 0::bigint, '24 hours are a day');
SELECT throws_ok($$SELECT pg_temp.make('paper', 'jsonb')$$, 'TS003', NULL, 'a jsonb is no key');

-- A rejection is found again, too.
CALL sl.declare_rule('lot', 'city_missing', 'city IS NOT NULL', 'City is missing');
SELECT pg_temp.deliver('lot', '3.0', NULL, tap.at(1), false);
SELECT pg_temp.deliver('lot', '3', 'Tomsk', tap.at(2), false);
SELECT results_eq(
    $$SELECT * FROM tap.rejections()$$, $$VALUES ('lot', '3', 'city_missing', true)$$,
    'a rejection of 3.0 is resolved by 3'
);
SELECT is(tap.audit_detail(), 'clean', 'all is well');

SELECT * FROM finish();
ROLLBACK;
