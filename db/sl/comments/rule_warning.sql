-- What sl.rule_warning and its columns hold.
COMMENT ON TABLE sl.rule_warning IS 'How many rows a load has loaded although they fail a rule of severity warn';
COMMENT ON COLUMN sl.rule_warning.run_id IS 'The load (sl.run)';
COMMENT ON COLUMN sl.rule_warning.entity_name IS 'Name in sl.entity';
COMMENT ON COLUMN sl.rule_warning.rule_name IS 'Name of the rule, as in sl.quality_rule';
COMMENT ON COLUMN sl.rule_warning.rows IS 'Rows that failed the rule';
COMMENT ON COLUMN sl.rule_warning.example_key IS 'Key of one of them';
