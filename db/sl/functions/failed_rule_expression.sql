-- sl.failed_rule_expression(p_entity text) RETURNS text
--
-- Purpose: the SQL expression that names the first quality rule a source row fails.
-- Parameters: p_entity: name in sl.entity.
-- Returns: a CASE expression over the columns of the source table; its value is the rule's name, NULL for a good row.
--     Every row needs a finite updated_at; a deleted one nothing more, since only its key and time are used.
-- Errors: none here; a broken expression in sl.quality_rule fails where the text is executed.
-- Reads: sl.quality_rule. Writes: nothing.
CREATE OR REPLACE FUNCTION sl.failed_rule_expression(p_entity text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        'CASE WHEN NOT isfinite(updated_at) THEN ''updated_at_not_finite'' WHEN is_deleted THEN NULL'
        || coalesce(
            string_agg(
                format(' WHEN (%s) IS NOT TRUE THEN %L', r.expression, r.rule_name), '' ORDER BY r.position
            ),
            ''
        )
        || ' END'
    FROM sl.quality_rule AS r
    WHERE r.entity_name = p_entity;
$body$;

COMMENT ON FUNCTION sl.failed_rule_expression IS 'SQL expression that names the first quality rule a source row fails';
