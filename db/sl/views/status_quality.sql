-- sl.status_quality
--
-- Purpose: the quality of what the sources delivered, a row a load or a slice of a backfill: how much of it was
--     rejected, changed what was known already or came late, and how long the load took.
-- Columns: run_id; entity_name; started_at; seconds; rows_read, rows_rejected, rows_corrected; rejected_share: of the
--     rows read, 0 to 1; corrected_share: of the rows read, those that changed a state in place or moved its beginning
--     into the past: another state of a time that was known, or a late state equal to the one after it; rows_late,
--     late_share: those out of order, older than what was known of their key (a key known by a deletion alone does not
--     count). Shares are NULL where nothing was read, and of late rows where the load was before they were counted.
-- Reads: sl.run, sl.entity.
CREATE OR REPLACE VIEW sl.status_quality AS
SELECT
    r.run_id,
    e.entity_name,
    r.started_at,
    round(extract(EPOCH FROM r.finished_at - r.started_at), 3) AS seconds,
    r.rows_read,
    r.rows_rejected,
    r.rows_corrected,
    round(r.rows_rejected::numeric / nullif(r.rows_read, 0), 6) AS rejected_share,
    round(r.rows_corrected::numeric / nullif(r.rows_read, 0), 6) AS corrected_share,
    r.rows_late,
    round(r.rows_late::numeric / nullif(r.rows_read, 0), 6) AS late_share
FROM sl.run AS r
INNER JOIN sl.entity AS e
    ON r.target = format('%I.%I', e.target_schema, e.target_table)
    AND r.procedure_name IN (format('%s.load_%s', e.target_schema, e.entity_name), 'sl.backfill')
WHERE r.status = 'succeeded';

COMMENT ON VIEW sl.status_quality IS 'What the loads read and rejected, and how long they took';
COMMENT ON COLUMN sl.status_quality.run_id IS 'Load or slice of a backfill (sl.run)';
COMMENT ON COLUMN sl.status_quality.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.status_quality.started_at IS 'Clock of the run';
COMMENT ON COLUMN sl.status_quality.seconds IS 'How long the run took';
COMMENT ON COLUMN sl.status_quality.rows_read IS 'Rows that the run looked at';
COMMENT ON COLUMN sl.status_quality.rows_rejected IS 'Rows that failed a rule';
COMMENT ON COLUMN sl.status_quality.rows_corrected IS 'Rows that changed a version in place';
COMMENT ON COLUMN sl.status_quality.rejected_share IS 'rows_rejected / rows_read, 0 to 1. NULL: nothing was read';
COMMENT ON COLUMN sl.status_quality.corrected_share IS 'rows_corrected / rows_read, 0 to 1. NULL: nothing was read';
COMMENT ON COLUMN sl.status_quality.rows_late IS 'Rows older than what was known of their key';
COMMENT ON COLUMN sl.status_quality.late_share IS 'rows_late / rows_read, 0 to 1. NULL: nothing was read';
