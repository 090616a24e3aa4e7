BEGIN;
SELECT plan(3);

-- What is set within the block that handles the error is taken back before the handler tells of it.
SELECT cmp_ok(
    (
        SELECT count(*) FROM pg_proc AS p
        WHERE p.prokind = 'p' AND p.prosrc ~ 'sl\._begin_run|raw\._run_of_stream'
    )::integer,
    '>=', 9, 'there are procedures that begin a run'
);
SELECT is_empty(
    $$SELECT p.oid::regproc::text FROM pg_proc AS p
    WHERE
        p.prokind = 'p'
        AND p.prosrc ~ 'sl\._begin_run|raw\._run_of_stream'
        AND NOT (
            regexp_count(split_part(p.prosrc, 'PERFORM sl._bound_lock_wait();', 1), '\mBEGIN\M') = 1
            AND split_part(p.prosrc, 'PERFORM sl._bound_lock_wait();', 2) ~ '\mBEGIN\M.*WHEN lock_not_available THEN'
        )$$,
    'each of them bounds the wait, outside the block that handles the error'
);
SELECT sl._bound_lock_wait();
SELECT throws_like(
    $$SELECT sl._raise_lock_timeout('dds.load_client', 'while updating')$$, '%for longer than lock_timeout (30s)',
    'the error tells how long was waited'
);

SELECT * FROM finish();
ROLLBACK;
