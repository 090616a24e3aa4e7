BEGIN;
SELECT plan(4);

CREATE FUNCTION pg_temp.hint_of(p_call text)
RETURNS text
LANGUAGE plpgsql
AS $body$
DECLARE
    v_hint text;
BEGIN
    EXECUTE p_call;
    RETURN 'no error';
EXCEPTION
    WHEN SQLSTATE 'TS004' THEN
        GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
        RETURN substring(v_hint FROM 'CALL [^;]*\)');
END;
$body$;

UPDATE sl.entity SET breaker_floor = 0 WHERE entity_name = 'client';
SELECT tap.put_client(g, tap.at(1)) FROM generate_series(1, 4) AS g;
SELECT tap.load('client');
SELECT tap.put_client(g, tap.at(2), p_is_deleted => true) FROM generate_series(1, 4) AS g;
SELECT is(
    pg_temp.hint_of('CALL dds.load_client()'), 'CALL dds.load_client(p_force => true)', 'of an ordinary load'
);

-- Now an ordinary load would no longer read these rows.
UPDATE sl.watermark AS w SET snapshot_xmin = pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000
WHERE w.target = 'dds.client';
SELECT tap.settle();
SELECT is(
    pg_temp.hint_of('CALL dds.load_client(p_full => true)'),
    'CALL dds.load_client(p_full => true, p_force => true)',
    'of a full load'
);
SELECT lives_ok('CALL dds.load_client(p_full => true, p_force => true)', 'which does what it says');
SELECT is((SELECT count(*) FROM tap.clients() AS c WHERE c.is_current), 0::bigint, 'and takes the deletions');

SELECT * FROM finish();
ROLLBACK;
