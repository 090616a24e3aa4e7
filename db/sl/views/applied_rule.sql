-- sl.applied_rule
--
-- Purpose: the rules that a load asks of a source row: those that hold for every entity, and those of sl.quality_rule.
-- Columns: entity_name; rule_name; position: in which order they are asked; expression: SQL condition over the
--     source's columns after their conversion, a row passes where it is true; scd2_at stands for the row's event time;
--     is_clock_dependent: a row that fails may pass later, even if it does not change; judges_deletions: a deletion has
--     to hold it, too; description: what a row that fails is like; severity: reject, or warn: the row is loaded, and
--     counted in sl.rule_warning; is_conversion: the condition is asked before the conversion.
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
    r.description,
    'reject' AS severity,
    false AS is_conversion
FROM sl.entity AS e
CROSS JOIN LATERAL (
    VALUES
    (e.event_time_column || '_missing', -6, 'scd2_at IS NOT NULL', false, 'Event time is missing'),
    (e.event_time_column || '_not_finite', -5, 'isfinite(scd2_at)', false, 'Event time is infinite'),
    (
        e.event_time_column || '_implausible', -4, format('scd2_at >= %L::timestamptz', e.plausible_from), false,
        format('Event time lies before %s', (e.plausible_from AT TIME ZONE 'UTC')::date)
    ),
    (
        e.event_time_column || '_in_future', -3,
        format('scd2_at <= (SELECT clock_timestamp() + %L::interval)', e.future_tolerance), true,
        format('Event time lies more than %s after the clock of the load', e.future_tolerance)
    )
) AS r (rule_name, position, expression, is_clock_dependent, description)
WHERE e.event_time_column IS NOT NULL
UNION ALL
SELECT
    e.entity_name,
    r.rule_name,
    r.position,
    r.expression,
    false,
    true,
    r.description,
    'reject',
    false
FROM sl.entity AS e
CROSS JOIN LATERAL (
    VALUES
    (
        'key_missing', -8,
        (
            SELECT string_agg(format('%I IS NOT NULL', k.column_name), ' AND ')
            FROM unnest(e.key_columns) AS k (column_name)
        ),
        'A column of the key is missing'
    ),
    ('key_repeated', -7, 'scd2_copies = 1', 'The source has several rows of the key')
) AS r (rule_name, position, expression, description)
WHERE e.changes = 'scan'
UNION ALL
SELECT
    e.entity_name,
    'key_too_long',
    -2,
    k.expression,
    false,
    true,
    'The key is longer than 1000 bytes, and fits into no index beside a time',
    'reject',
    false
FROM sl.entity AS e
CROSS JOIN LATERAL (
    SELECT
        string_agg(format(c.size_template, quote_ident(c.column_name)), ' + ' ORDER BY c.position)
        || ' <= 1000' AS expression
    FROM sl._source_column AS c
    WHERE
        c.entity_name = e.entity_name
        AND e.key_columns @> ARRAY[c.column_name::text]
        AND c.size_template IS NOT NULL
        AND c.is_converted IS NOT TRUE
) AS k
WHERE k.expression IS NOT NULL
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
            WHERE c.entity_name = e.entity_name AND c.size_template IS NOT NULL AND c.is_converted IS NOT TRUE
        ),
        'true'
    ),
    false,
    false,
    format('A value is longer than %s bytes', e.longest_value),
    'reject',
    false
FROM sl.entity AS e
UNION ALL
SELECT
    c.entity_name,
    (c.column_name::text || '_does_not_convert') COLLATE "default",
    c.position - 100000,
    format(c.valid_template, quote_ident(c.column_name)),
    false,
    -- An entity need not have an event time.
    e.key_columns @> ARRAY[c.column_name::text] OR coalesce(c.column_name = e.event_time_column, false),
    format('%s of type %s is no %s', c.column_name, c.type_name, c.target_type_name),
    'reject',
    true
FROM sl._source_column AS c
INNER JOIN sl.entity AS e ON e.entity_name = c.entity_name
WHERE c.is_converted
UNION ALL
SELECT
    q.entity_name,
    q.rule_name,
    q.position,
    q.expression,
    q.is_clock_dependent,
    false,
    q.description,
    q.severity,
    false
FROM sl.quality_rule AS q
UNION ALL
SELECT
    e.entity_name,
    k.column_name || '_missing',
    1000000,
    format('%I IS NOT NULL', k.column_name),
    false,
    false,
    format('%s is missing', k.column_name),
    'reject',
    false
FROM sl.entity AS e
CROSS JOIN LATERAL unnest(e.required_columns) AS k (column_name)
WHERE
    NOT EXISTS (
        SELECT FROM sl.quality_rule AS q
        WHERE q.entity_name = e.entity_name AND q.rule_name = k.column_name || '_missing'
    );

COMMENT ON VIEW sl.applied_rule IS 'The rules that a load asks of a source row';
COMMENT ON COLUMN sl.applied_rule.entity_name IS 'Name in sl.entity';
COMMENT ON COLUMN sl.applied_rule.rule_name IS 'Name of the rule, as sl.rejected_row has it';
COMMENT ON COLUMN sl.applied_rule.position IS
'In which order the rules of an entity are asked; below zero those of every entity';
COMMENT ON COLUMN sl.applied_rule.expression IS
'SQL condition over the source''s columns and scd2_at, the event time; a row passes where it is true';
COMMENT ON COLUMN sl.applied_rule.is_clock_dependent IS 'A row that fails may pass later, even if it does not change';
COMMENT ON COLUMN sl.applied_rule.judges_deletions IS 'A deletion has to hold it, too';
COMMENT ON COLUMN sl.applied_rule.description IS 'What a row that fails is like';
COMMENT ON COLUMN sl.applied_rule.severity IS 'reject: the row is not loaded; warn: it is loaded and counted';
COMMENT ON COLUMN sl.applied_rule.is_conversion IS 'The condition is asked of the values as the source has them';
