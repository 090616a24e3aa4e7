-- sl.failed_rule_expression(p_entity text, p_times_only boolean DEFAULT false) RETURNS text
--
-- Purpose: the SQL expression that names the first quality rule a source row fails.
-- Parameters: p_entity: name in sl.entity; p_times_only: ask the rules alone that judge deletions, too.
-- Returns: a CASE expression over the columns of the source table; its value is the rule's name, NULL for a good row.
--     Every row needs a plausible updated_at; a deleted one nothing more, since only its key and time are used.
-- Errors: none here; a broken expression in sl.quality_rule fails where the text is executed.
-- Reads: sl.applied_rule. Writes: nothing.
CREATE OR REPLACE FUNCTION sl.failed_rule_expression(p_entity text, p_times_only boolean DEFAULT false)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
        SELECT
            'CASE'
            || string_agg(
                format(' WHEN (%s) IS NOT TRUE THEN %L', r.expression, r.rule_name), '' ORDER BY r.position
            ) FILTER (WHERE r.judges_deletions)
            || ' WHEN is_deleted THEN NULL'
            || coalesce(
                string_agg(
                    format(' WHEN (%s) IS NOT TRUE THEN %L', r.expression, r.rule_name), '' ORDER BY r.position
                ) FILTER (WHERE NOT r.judges_deletions AND NOT p_times_only),
                ''
            )
            || ' END'
        FROM sl.applied_rule AS r
        WHERE r.entity_name = p_entity
    );
END;
$body$;

COMMENT ON FUNCTION sl.failed_rule_expression IS 'SQL expression that names the first quality rule a source row fails';
