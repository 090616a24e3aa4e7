BEGIN;
SELECT plan(4);

SELECT tap.record_failure(
    'dds.load_client', '40P01', 'deadlock detected', 'PL/pgSQL function x', now() - interval '5 s'
);
SELECT tap.record_failure('cdm.build_mart', NULL, ' ', p_started_at => now() + interval '1 day');

SELECT results_eq(
    $$SELECT procedure_name, target, status, error_sqlstate, error_message, error_context, rows_read,
        called_by = session_user
    FROM sl.run ORDER BY run_id$$,
    $$VALUES
    (
        'dds.load_client', 'dds.client', 'failed', '40P01', 'deadlock detected', 'PL/pgSQL function x', 0::bigint,
        true
    ),
    ('cdm.build_mart', 'cdm.sales_mart', 'failed', NULL, 'The caller gave no message', NULL, 0, true)$$,
    'a row with what the caller knows'
);
SELECT ok(bool_and(r.started_at <= r.finished_at), 'whose clock is not that of the future') FROM sl.run AS r;

-- The trace hinders no later run, audit or build.
SELECT tap.put_healthy_warehouse();
SELECT is(tap.audit_detail(), 'clean', 'later runs and their audit are not disturbed');
SELECT is_empty(
    $$SELECT * FROM cdm.sales_mart_run WHERE run_id IN (SELECT run_id FROM sl.run WHERE status = 'failed')$$,
    'a failed build is no batch for ClickHouse'
);

SELECT * FROM finish();
ROLLBACK;
