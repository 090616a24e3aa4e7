-- Rows that are never mended stay open, more of them each day: a load must not read them all to find those that depend
-- on the clock (sl.clock_rejection).
CREATE INDEX rejected_row_open_rule_idx ON sl.rejected_row (entity_name, rule_name) WHERE resolved_run_id IS NULL;
