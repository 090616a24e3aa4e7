-- sl.status_run
--
-- Purpose: the runs as people and monitors look at them: what ran, how long, with which counts, and why it failed.
-- Columns: run_id; procedure_name; target; status; is_latest: the last of its procedure on its target to end; where
--     the trace of a failed call does not know the target, no later run of its procedure has succeeded; started_at;
--     finished_at; seconds: how long it took; rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged,
--     rows_rejected; batch_rows: of a build of a mart, the rows of its batch when it was written (later batches take
--     over some of them), NULL for others; called_by; error_sqlstate, error_message; stamped_at: started_at as it was
--     before sl.restamp_runs; end_no: in which order runs ended, whatever the clock said.
-- Reads: sl.run, sl.mart.
--
-- A run that is in progress is not seen: its row comes with its commit. Where the newest is all that is wanted, ORDER
-- BY run_id DESC LIMIT reads no more than that by the primary key.
CREATE OR REPLACE VIEW sl.status_run AS
SELECT
    r.run_id,
    r.procedure_name,
    r.target,
    r.status,
    NOT EXISTS (
        SELECT
        FROM sl.run AS n
        WHERE
            n.target = r.target
            AND n.procedure_name = r.procedure_name
            AND n.end_no > r.end_no
    )
    -- sl.record_failure knows no target of a procedure that writes several: it names the procedure instead.
    AND NOT (
        r.status = 'failed'
        AND r.target = r.procedure_name
        AND EXISTS (
            SELECT
            FROM sl.run AS n
            WHERE n.end_no > r.end_no AND n.procedure_name = r.procedure_name AND n.status = 'succeeded'
        )
    ) AS is_latest,
    r.started_at,
    r.finished_at,
    round(extract(EPOCH FROM r.finished_at - r.started_at), 3) AS seconds,
    r.rows_read,
    r.rows_inserted,
    r.rows_corrected,
    r.rows_deleted,
    r.rows_unchanged,
    r.rows_rejected,
    (
        -- A corrected row is a version closed and a version opened; what is rewritten in place stays one.
        SELECT
            r.rows_inserted + r.rows_deleted
            + r.rows_corrected
            * CASE
                WHEN r.procedure_name IN (format('%s.%s', m.build_schema, m.build_procedure), 'sl.backfill') THEN 2
                ELSE 1
            END
        FROM sl.mart AS m
        WHERE r.status = 'succeeded' AND r.target = format('%I.%I', m.target_schema, m.target_table)
    ) AS batch_rows,
    r.called_by,
    r.error_sqlstate,
    r.error_message,
    coalesce(r.stamped_at, r.started_at) AS stamped_at,
    r.end_no
FROM sl.run AS r;

COMMENT ON VIEW sl.status_run IS 'The runs: durations, counts, failures with SQLSTATE and message';
COMMENT ON COLUMN sl.status_run.run_id IS 'Number of the run';
COMMENT ON COLUMN sl.status_run.procedure_name IS 'Procedure that was called';
COMMENT ON COLUMN sl.status_run.target IS 'Table that the run writes, or sl.audit';
COMMENT ON COLUMN sl.status_run.status IS 'succeeded or failed';
COMMENT ON COLUMN sl.status_run.is_latest IS 'True for the last run of its procedure on its target to end';
COMMENT ON COLUMN sl.status_run.started_at IS 'Clock of the run';
COMMENT ON COLUMN sl.status_run.finished_at IS 'When the run ended';
COMMENT ON COLUMN sl.status_run.seconds IS 'How long the run took';
COMMENT ON COLUMN sl.status_run.rows_read IS 'Rows that the run looked at';
COMMENT ON COLUMN sl.status_run.rows_inserted IS 'Rows that opened a version';
COMMENT ON COLUMN sl.status_run.rows_corrected IS
'Rows that changed a version in place; for a build of a mart, rows that replaced a version by a new one';
COMMENT ON COLUMN sl.status_run.rows_deleted IS 'Rows that closed a version without a successor';
COMMENT ON COLUMN sl.status_run.rows_unchanged IS 'Rows that changed nothing';
COMMENT ON COLUMN sl.status_run.rows_rejected IS 'Rows that failed a rule';
COMMENT ON COLUMN sl.status_run.batch_rows IS 'Rows of the batch that a build of a mart wrote. NULL for other runs';
COMMENT ON COLUMN sl.status_run.called_by IS 'Role of the session that called the procedure';
COMMENT ON COLUMN sl.status_run.error_sqlstate IS
'SQLSTATE of the error that ended the run. NULL: no error, or the server named none';
COMMENT ON COLUMN sl.status_run.error_message IS 'Primary message of the error. NULL unless the run failed';
COMMENT ON COLUMN sl.status_run.stamped_at IS
'started_at as it was before sl.restamp_runs. ClickHouse knows the build by it';
COMMENT ON COLUMN sl.status_run.end_no IS 'Order in which runs ended, whatever the clock of the server says';
