BEGIN;
SELECT plan(2);
SET LOCAL transaction_read_only = on;

-- A day is loaded in the night after it.
SELECT is_empty(
    $$SELECT l.source, l.target, l.minutes_behind
    FROM sl.status_lag AS l
    WHERE l.layer <> 'clickhouse' AND l.minutes_behind > 26 * 60$$,
    'each layer has taken what the one before it has'
);
SELECT is_empty(
    'SELECT l.source FROM sl.status_lag AS l WHERE l.is_late',
    'and each source has brought something new within the time that its declaration gives'
);

SELECT * FROM finish();
ROLLBACK;
