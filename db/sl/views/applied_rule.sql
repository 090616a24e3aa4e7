-- sl.applied_rule
--
-- Purpose: the rules that a load asks of a source row: those that hold for every entity, and those of sl.quality_rule.
-- Columns: entity_name; rule_name; position: in which order they are asked; expression: SQL condition over the
--     source's columns, a row passes where it is true; is_clock_dependent: a row that fails may pass later, though
--     nobody touches it; judges_deletions: a deletion has to hold it, too; description: what a row that fails is like.
-- Reads: sl.entity, sl.quality_rule, sl._source_column.
--
-- The clock is asked once a statement, not of each row.
CREATE OR REPLACE VIEW sl.applied_rule AS
SELECT
    e.entity_name,
    r.rule_name,
    r.position,
    r.expression,
    r.is_clock_dependent,
    true AS judges_deletions,
    r.description
FROM sl.entity AS e
CROSS JOIN LATERAL (
    VALUES
    ('updated_at_not_finite', -5, 'isfinite(updated_at)', false, 'Update time is infinite'),
    (
        'updated_at_implausible', -4, format('updated_at >= %L::timestamptz', e.plausible_from), false,
        format('Update time lies before %s', (e.plausible_from AT TIME ZONE 'UTC')::date)
    ),
    (
        'updated_at_in_future', -3,
        format('updated_at <= (SELECT clock_timestamp() + %L::interval)', e.future_tolerance), true,
        format('Update time lies more than %s after the clock of the load', e.future_tolerance)
    )
) AS r (rule_name, position, expression, is_clock_dependent, description)
UNION ALL
SELECT
    e.entity_name,
    'key_too_long',
    -2,
    format('%s <= 1000', format(c.size_template, quote_ident(c.column_name))),
    false,
    true,
    'The key is longer than 1000 bytes, and fits into no index beside a time'
FROM sl.entity AS e
INNER JOIN sl._source_column AS c ON c.entity_name = e.entity_name AND c.column_name = e.key_column
WHERE c.size_template IS NOT NULL
UNION ALL
SELECT
    e.entity_name,
    'value_too_long',
    -1,
    coalesce(
        (
            SELECT
                string_agg(
                    format(
                        '(%1$s IS NULL OR %1$s <= %2$s)',
                        format(c.size_template, quote_ident(c.column_name)),
                        e.longest_value
                    ),
                    ' AND ' ORDER BY c.position
                )
            FROM sl._source_column AS c
            WHERE c.entity_name = e.entity_name AND c.size_template IS NOT NULL
        ),
        'true'
    ),
    false,
    false,
    format('A value is longer than %s bytes', e.longest_value)
FROM sl.entity AS e
UNION ALL
SELECT
    q.entity_name,
    q.rule_name,
    q.position,
    q.expression,
    q.is_clock_dependent,
    false,
    q.description
FROM sl.quality_rule AS q;

COMMENT ON VIEW sl.applied_rule IS 'The rules that a load asks of a source row';
COMMENT ON COLUMN sl.applied_rule.entity_name IS 'Name in sl.entity';
COMMENT ON COLUMN sl.applied_rule.rule_name IS 'Name of the rule, as sl.rejected_row has it';
COMMENT ON COLUMN sl.applied_rule.position IS 'In which order the rules of an entity are asked; below zero those of every entity';
COMMENT ON COLUMN sl.applied_rule.expression IS 'SQL condition over the source''s columns; a row passes where it is true';
COMMENT ON COLUMN sl.applied_rule.is_clock_dependent IS 'A row that fails may pass later, though nobody touches it';
COMMENT ON COLUMN sl.applied_rule.judges_deletions IS 'A deletion has to hold it, too';
COMMENT ON COLUMN sl.applied_rule.description IS 'What a row that fails is like';
