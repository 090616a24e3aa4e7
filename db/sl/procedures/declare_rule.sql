-- sl.declare_rule(p_entity text, p_rule text, p_expression text, p_description text, p_severity text DEFAULT 'reject',
--     p_is_clock_dependent boolean DEFAULT false, p_position integer DEFAULT NULL)
--
-- Purpose: declares a rule that a source row of an entity has to hold. Where it differs from what was declared before,
--     the next load judges the open rejections of the entity again.
-- Parameters: p_entity: name in sl.entity; p_rule: name of the rule; p_expression: SQL condition over the source's
--     columns (of the target's types), and scd2_at, the event time; a subquery names the row scd2_source_row. A row
--     passes where it is true, NULL does not pass. It must not raise, whatever the values are: an error stops the load;
--     p_description: what a row that fails is like; p_severity: 'reject': the row is not loaded; 'warn': it is loaded
--     and counted (sl.rule_warning); p_is_clock_dependent: a row that fails may pass later, even if it does not change:
--     each load judges it again; p_position: rules are asked in this order (NULL: as it is, or after all others).
-- Returns: nothing.
-- Errors: TS002 the entity is not declared; 22023 an argument is wrong, or the condition cannot be computed.
-- Reads: the source's definition. Writes: sl.quality_rule.
CREATE OR REPLACE PROCEDURE sl.declare_rule(
    p_entity text,
    p_rule text,
    p_expression text,
    p_description text,
    p_severity text DEFAULT 'reject',
    p_is_clock_dependent boolean DEFAULT false,
    p_position integer DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_said text;
BEGIN
    IF
        p_severity IS NULL
        OR p_severity NOT IN ('reject', 'warn')
        OR nullif(p_rule, '') IS NULL
        OR p_description IS NULL
    THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'Rule "%s" of entity "%s": a name, a description and a severity are needed', p_rule, p_entity
            ),
            HINT = 'p_severity is ''reject'' or ''warn''.';
    END IF;
    BEGIN
        EXECUTE sl._sql(
            v_entity,
            'SELECT FROM (SELECT s.*, NULL::timestamptz AS scd2_at FROM {{source}} AS s) AS scd2_source_row '
            'WHERE ({{rule}}) IS NOT TRUE LIMIT 0',
            jsonb_build_object('rule', p_expression)
        );
    EXCEPTION
        WHEN syntax_error_or_access_rule_violation OR datatype_mismatch THEN
            GET STACKED DIAGNOSTICS v_said = MESSAGE_TEXT;
            RAISE EXCEPTION USING
                ERRCODE = '22023',
                MESSAGE = format(
                    'Rule "%s" of entity "%s": the condition cannot be computed: %s', p_rule, p_entity, v_said
                ),
                HINT = 'Write an SQL condition over the columns of the source.';
    END;
    INSERT INTO sl.quality_rule AS q (
        entity_name, rule_name, position, expression, is_clock_dependent, description, severity
    )
    SELECT
        p_entity, p_rule,
        coalesce(
            p_position,
            (SELECT o.position FROM sl.quality_rule AS o WHERE o.entity_name = p_entity AND o.rule_name = p_rule),
            (SELECT max(o.position) + 10 FROM sl.quality_rule AS o WHERE o.entity_name = p_entity),
            10
        ),
        p_expression, coalesce(p_is_clock_dependent, false), p_description, p_severity
    ON CONFLICT (entity_name, rule_name) DO UPDATE
    SET
        position = excluded.position,
        expression = excluded.expression,
        is_clock_dependent = excluded.is_clock_dependent,
        description = excluded.description,
        severity = excluded.severity
    WHERE
        (q.position, q.expression, q.is_clock_dependent, q.description, q.severity)
        <> (
            excluded.position, excluded.expression, excluded.is_clock_dependent, excluded.description, excluded.severity
        );
END;
$body$;

COMMENT ON PROCEDURE sl.declare_rule IS 'Declares a rule that a source row of an entity has to hold';
