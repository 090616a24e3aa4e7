-- cdm.sales_mart_run
--
-- Purpose: the builds of the mart by number and clock, which together tell one warehouse's build from another's: by
--     them ClickHouse knows that this is the warehouse it began with, and not a new one or an old backup.
-- Columns: run_id; started_at: the build's clock as it was first stamped (sl.restamp_runs may move it), UTC without
--     zone; is_erasure: 1 where the run erased a person's name from the mart (sl.forget, dds.forget_client), so that
--     ClickHouse clears its disk of what it no longer shows; date_style, client_encoding: how the session that reads
--     this writes times and texts, so that ClickHouse can refuse a form that it would misread.
-- Reads: sl.run.
CREATE OR REPLACE VIEW cdm.sales_mart_run AS
SELECT
    r.run_id,
    coalesce(r.stamped_at, r.started_at) AT TIME ZONE 'UTC' AS started_at,
    (r.procedure_name IN ('dds.forget_client', 'sl.forget') AND r.rows_corrected > 0)::integer::smallint AS is_erasure,
    current_setting('DateStyle') AS date_style,
    current_setting('client_encoding') AS client_encoding
FROM sl.run AS r
WHERE r.target = 'cdm.sales_mart' AND r.status = 'succeeded';

COMMENT ON VIEW cdm.sales_mart_run IS 'The builds of the mart by number and clock';
COMMENT ON COLUMN cdm.sales_mart_run.run_id IS 'Build of the mart (sl.run)';
COMMENT ON COLUMN cdm.sales_mart_run.started_at IS 'Clock of the build, UTC without zone';
COMMENT ON COLUMN cdm.sales_mart_run.is_erasure IS
'1: the run erased a name from the mart (sl.forget, dds.forget_client); 0: it did not';
COMMENT ON COLUMN cdm.sales_mart_run.date_style IS
'DateStyle of the session that reads this: ClickHouse reads ISO only';
COMMENT ON COLUMN cdm.sales_mart_run.client_encoding IS
'client_encoding of the session that reads this: ClickHouse reads UTF8 only';
