-- What sl.quality_rule and its columns hold.
COMMENT ON TABLE sl.quality_rule IS
'Rules that a source row must pass to be loaded. The first rule that a row fails, by position, rejects it';
COMMENT ON COLUMN sl.quality_rule.entity_name IS 'The entity, as in sl.entity';
COMMENT ON COLUMN sl.quality_rule.rule_name IS 'Name of the rule, unique within the entity';
COMMENT ON COLUMN sl.quality_rule.position IS 'Order in which the rules of an entity are asked, lowest first';
COMMENT ON COLUMN sl.quality_rule.expression IS
'SQL condition over the columns of the source table. A row passes where it is true; NULL does not pass. It must not raise for any values (no division, no casts of text): an error stops the load';
COMMENT ON COLUMN sl.quality_rule.is_clock_dependent IS
'True where a rejected row may become good as time passes. Each run judges such rows again';
COMMENT ON COLUMN sl.quality_rule.description IS 'What is wrong with a row that fails, in words';
COMMENT ON COLUMN sl.quality_rule.severity IS
'reject: a row that fails is not loaded; warn: it is loaded and counted in sl.rule_warning';
