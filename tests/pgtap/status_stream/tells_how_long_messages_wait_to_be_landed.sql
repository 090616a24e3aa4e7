BEGIN;
SELECT plan(5);

CREATE FUNCTION pg_temp.status()
RETURNS TABLE (behind bigint, hours double precision)
LANGUAGE sql
BEGIN ATOMIC
    SELECT s.documents_behind, floor(s.lag_seconds / 3600)::double precision
    FROM landing.status_stream AS s
    WHERE s.stream = 'shop.users';
END;

SELECT landing.note_seen('shop.users', 0, 10);
UPDATE landing.position SET behind_since = behind_since - interval '2 hours' WHERE stream = 'shop.users';
SELECT landing.note_seen('shop.users', 0, 20);
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', 'VALUES (20::bigint, 2::double precision)',
    'what was never landed waits since it was seen first'
);

SELECT b.first_offset FROM landing.begin_landing('shop.users', 0, 'topic') AS b;
INSERT INTO landing.document (stream, partition, position, key, body, written_at)
SELECT 'shop.users', 0, g, 'x', '"x"', clock_timestamp() - interval '5 hours'
FROM generate_series(0, 4) AS g;
-- The consumer knows less of the end than what was noted meanwhile.
SELECT landing.end_landing('shop.users', 0, 4, 15);
UPDATE landing.position SET applied_position = 4 WHERE stream = 'shop.users';
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', 'VALUES (15::bigint, 5::double precision)',
    'what is left of it waits since the last landed one was written'
);

SELECT landing.end_landing('shop.users', 0, 19, 20);
UPDATE landing.position SET applied_position = 19, landed_at = landed_at - interval '9 hours'
WHERE stream = 'shop.users';
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', 'VALUES (0::bigint, 0::double precision)', 'where all is landed nothing waits'
);
SELECT landing.note_seen('shop.users', 0, 21);
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', 'VALUES (1::bigint, 0::double precision)', 'a message after a quiet night is new'
);

UPDATE landing.position SET behind_since = behind_since - interval '2 hours' WHERE stream = 'shop.users';
CALL landing.continue_stream('shop.users');
SELECT results_eq(
    'SELECT * FROM pg_temp.status()', 'VALUES (0::bigint, 0::double precision)', 'what another topic has is not known'
);

SELECT * FROM finish();
ROLLBACK;
