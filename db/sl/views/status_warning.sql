-- sl.status_warning
--
-- Purpose: the rows that were loaded although they fail a rule of severity warn, a row a rule: those of the latest load
--     that it warned in; a rule that has never warned has its row, too.
-- Columns: entity_name, rule_name; description: what such a row is like; rows: of that load, 0 where there was none;
--     example_key: key of one of them; run_id, loaded_at: the load and its clock. NULL where there was none.
-- Reads: sl.applied_rule, sl.rule_warning, sl.run.
CREATE OR REPLACE VIEW sl.status_warning AS
SELECT
    q.entity_name,
    q.rule_name,
    q.description,
    coalesce(w.rows, 0) AS rows,
    w.example_key,
    w.run_id,
    w.started_at AS loaded_at
FROM sl.applied_rule AS q
LEFT JOIN LATERAL (
    SELECT
        c.rows,
        c.example_key,
        c.run_id,
        r.started_at
    FROM sl.rule_warning AS c
    INNER JOIN sl.run AS r USING (run_id)
    WHERE c.entity_name = q.entity_name AND c.rule_name = q.rule_name
    ORDER BY c.run_id DESC
    LIMIT 1
) AS w ON true
WHERE q.severity = 'warn';

COMMENT ON VIEW sl.status_warning IS
'Rows that were loaded although they fail a rule of severity warn, of each rule those of the latest load that had any';
COMMENT ON COLUMN sl.status_warning.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.status_warning.rule_name IS 'Rule that the rows failed';
COMMENT ON COLUMN sl.status_warning.description IS 'What a row that fails is like';
COMMENT ON COLUMN sl.status_warning.rows IS 'Rows of that load that failed it; 0: no load had any';
COMMENT ON COLUMN sl.status_warning.example_key IS 'Key of one of them. NULL: no load had any';
COMMENT ON COLUMN sl.status_warning.run_id IS 'The load (sl.run). NULL: no load had any';
COMMENT ON COLUMN sl.status_warning.loaded_at IS 'Clock of the load. NULL: no load had any';
