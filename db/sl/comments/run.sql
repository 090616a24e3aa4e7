-- What sl.run and its columns hold.
COMMENT ON TABLE sl.run IS
'One row a run of a procedure. Each row that a run read ends as exactly one of five outcomes: inserted, corrected, deleted, unchanged, rejected';
COMMENT ON COLUMN sl.run.run_id IS
'Number of the run. One writer at a time has a target, so the numbers of a target commit in order';
COMMENT ON COLUMN sl.run.procedure_name IS 'Procedure that was called, such as dds.load_customer';
COMMENT ON COLUMN sl.run.target IS 'Table that the run writes, or sl.audit';
COMMENT ON COLUMN sl.run.status IS
'running, succeeded or failed. Other sessions never see running: the row commits with the run';
COMMENT ON COLUMN sl.run.is_full IS 'True where the run compared every source row, not only those that changed';
COMMENT ON COLUMN sl.run.started_at IS
'Clock of the run. On one target it never goes backwards: a run begins after the one before it, whatever the clock of the server says';
COMMENT ON COLUMN sl.run.finished_at IS 'When the run ended. NULL while it runs';
COMMENT ON COLUMN sl.run.rows_read IS
'Rows that the run looked at: inserted + corrected + deleted + unchanged + rejected';
COMMENT ON COLUMN sl.run.rows_inserted IS 'Rows that opened a version';
COMMENT ON COLUMN sl.run.rows_corrected IS
'Rows that changed a version in place; for a build of the mart, rows that replaced a version by a new one';
COMMENT ON COLUMN sl.run.rows_deleted IS 'Rows that closed a version without a successor';
COMMENT ON COLUMN sl.run.rows_unchanged IS 'Rows that changed nothing';
COMMENT ON COLUMN sl.run.rows_rejected IS 'Rows that failed a rule (sl.rejected_row)';
COMMENT ON COLUMN sl.run.called_by IS 'Role of the session that called the procedure';
COMMENT ON COLUMN sl.run.consumed_by IS
'Build (run_id) that processed what this load wrote; of several marts, the last one''s. NULL while a mart has not';
COMMENT ON COLUMN sl.run.audited_by IS
'Audit (run_id) that checked what this run wrote and found nothing. NULL while no audit has';
COMMENT ON COLUMN sl.run.error_sqlstate IS
'SQLSTATE of the error that ended the run. NULL: no error, or the connection was lost before the server named one';
COMMENT ON COLUMN sl.run.error_message IS
'Primary message of the error, without its DETAIL, which may hold personal data. NULL unless the run failed';
COMMENT ON COLUMN sl.run.error_context IS
'Where the error was raised: routines and lines, innermost first. NULL: no error, or the caller does not know';
COMMENT ON COLUMN sl.run.rows_late IS
'Of the rows read, those older than what was known of their key. NULL where the run is no load';
COMMENT ON COLUMN sl.run.end_no IS
'Order in which runs ended, whatever the clock of the server says. NULL while the run is in progress';
COMMENT ON COLUMN sl.run.stamped_at IS
'What started_at was before sl.restamp_runs moved it; ClickHouse knows the build by it. NULL: it was never moved';
