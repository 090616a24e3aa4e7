-- sl.clock_rejection
--
-- Purpose: the keys whose newest open rejection is by a rule that depends on the clock: their source rows may have
--     become good by the passing of time alone, so each load judges them again.
-- Columns: entity_name, entity_key.
-- Reads: sl.rejected_row, sl.quality_rule.
CREATE OR REPLACE VIEW sl.clock_rejection AS
SELECT
    j.entity_name,
    j.entity_key
FROM sl.rejected_row AS j
INNER JOIN sl.quality_rule AS q USING (entity_name, rule_name)
WHERE
    j.resolved_run_id IS NULL
    AND q.is_clock_dependent
    AND NOT EXISTS (
        SELECT
        FROM sl.rejected_row AS n
        WHERE
            n.entity_name = j.entity_name
            AND n.entity_key = j.entity_key
            AND n.resolved_run_id IS NULL
            AND n.rejected_row_id > j.rejected_row_id
    );

COMMENT ON VIEW sl.clock_rejection IS 'Keys whose newest open rejection is by a rule that depends on the clock';
