BEGIN;
SELECT plan(2);

-- What is set within the block that handles the error is taken back before the handler tells of it.
SELECT set_eq(
    $$SELECT p.oid::regproc::text FROM pg_proc AS p
    WHERE
        p.prokind = 'p'
        AND p.prosrc ~ 'sl\.begin_run'
        AND p.prosrc ~ 'BEGIN\s+PERFORM sl\.bound_lock_wait\(\);\s+BEGIN\s'
        AND p.prosrc ~ 'WHEN lock_not_available THEN'$$,
    $$SELECT p.oid::regproc::text FROM pg_proc AS p WHERE p.prokind = 'p' AND p.prosrc ~ 'sl\.begin_run'$$,
    'of every procedure that begins a run'
);
SELECT sl._bound_lock_wait();
SELECT throws_like(
    $$SELECT sl._raise_lock_timeout('dds.load_client', 'while updating')$$, '%for longer than lock_timeout (30s)',
    'the error tells how long was waited'
);

SELECT * FROM finish();
ROLLBACK;
