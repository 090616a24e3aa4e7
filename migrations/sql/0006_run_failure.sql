-- A run that failed is rolled back whole, its row in sl.run too: its caller writes the trace afterwards.

ALTER TABLE sl.run
DROP CONSTRAINT run_status_check,
ADD CONSTRAINT run_status_check CHECK (status IN ('running', 'succeeded', 'failed')),
ADD COLUMN error_sqlstate text,
ADD COLUMN error_message text,
ADD COLUMN error_context text,
ADD CONSTRAINT run_error_check CHECK ((status = 'failed') = (error_message IS NOT NULL));
COMMENT ON COLUMN sl.run.error_sqlstate IS 'SQLSTATE of the error that ended the run; NULL where the server was lost before it said one';
COMMENT ON COLUMN sl.run.error_message IS 'What the error said, without its DETAIL, which may hold personal data; NULL unless the run failed';
COMMENT ON COLUMN sl.run.error_context IS 'Where it was raised: the routines and lines, innermost first; NULL where the caller does not know';

-- No audit ever checks a failed run.
DROP INDEX sl.run_not_audited_idx;
CREATE INDEX run_not_audited_idx ON sl.run (run_id) WHERE audited_by IS NULL AND status = 'succeeded';
