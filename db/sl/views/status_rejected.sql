-- sl.status_rejected
--
-- Purpose: the rejected rows that wait for a good state of their key, by entity and rule; a rule that rejects nothing
--     has its row, too.
-- Columns: entity_name, rule_name; description: what a rejected row is like; open_rows: rejected rows that wait;
--     oldest_at, newest_at: when the first of them was rejected first, and the last of them last, NULL where none is.
-- Reads: sl.applied_rule, sl.rejected_row (the open ones, by their index).
CREATE OR REPLACE VIEW sl.status_rejected AS
SELECT
    entity_name,
    rule_name,
    q.description,
    coalesce(j.open_rows, 0) AS open_rows,
    j.oldest_at,
    j.newest_at
FROM sl.applied_rule AS q
FULL JOIN (
    SELECT
        r.entity_name,
        r.rule_name,
        count(*) AS open_rows,
        min(r.rejected_at) AS oldest_at,
        max(r.last_seen) AS newest_at
    FROM sl.rejected_row AS r
    WHERE r.resolved_run_id IS NULL
    GROUP BY r.entity_name, r.rule_name
) AS j USING (entity_name, rule_name);

COMMENT ON VIEW sl.status_rejected IS 'Rejected rows that wait for a good state, by entity and rule';
COMMENT ON COLUMN sl.status_rejected.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.status_rejected.rule_name IS 'Rule that the rows failed';
COMMENT ON COLUMN sl.status_rejected.description IS
'What is wrong with a row that fails. NULL: the rule is no longer registered';
COMMENT ON COLUMN sl.status_rejected.open_rows IS 'Rejected rows that wait for a good state; 0: none';
COMMENT ON COLUMN sl.status_rejected.oldest_at IS 'When the first of them was rejected first. NULL: none waits';
COMMENT ON COLUMN sl.status_rejected.newest_at IS 'When the last of them was rejected last. NULL: none waits';
