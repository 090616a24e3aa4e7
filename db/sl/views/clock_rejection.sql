-- sl.clock_rejection
--
-- Purpose: the keys whose newest open rejection is by a rule that depends on the clock: their source rows may have
--     become good by the passing of time alone, so each load judges them again.
-- Columns: entity_name, entity_key.
-- Reads: sl.rejected_row, sl.applied_rule.
--
-- By an index probe a rule and one a row (OFFSET 0): of the other rules many rows stay open for good.
CREATE OR REPLACE VIEW sl.clock_rejection AS
SELECT
    q.entity_name,
    j.entity_key
FROM sl.applied_rule AS q
CROSS JOIN LATERAL (
    SELECT
        o.last_run_id,
        o.entity_key
    FROM sl.rejected_row AS o
    WHERE o.entity_name = q.entity_name AND o.rule_name = q.rule_name AND o.resolved_run_id IS NULL
    OFFSET 0
) AS j
WHERE
    q.is_clock_dependent
    AND NOT EXISTS (
        SELECT
        FROM sl.rejected_row AS n
        WHERE
            n.entity_name = q.entity_name
            AND n.entity_key = j.entity_key
            AND n.resolved_run_id IS NULL
            AND n.last_run_id > j.last_run_id
        OFFSET 0
    );

COMMENT ON VIEW sl.clock_rejection IS 'Keys whose newest open rejection is by a rule that depends on the clock';
COMMENT ON COLUMN sl.clock_rejection.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.clock_rejection.entity_key IS 'Key of the rejected row, as text';
