-- sl._rule_expression(p_entity text, p_stage text) RETURNS text
--
-- Purpose: the SQL expression that names the first quality rule a source row fails, or those it is warned of.
-- Parameters: p_entity: name in sl.entity; p_stage: 'convert': the rules asked before the conversion; 'judge': all
--     others that reject; 'judge deletion': of these the ones alone that judge deletions; 'warn': those that warn.
-- Returns: an expression over the columns of the source, scd2_at and scd2_deleted. Of 'warn' an array of names, NULL
--     where there is none; of the others a name, NULL for a good row. Every row needs a key and a
--     plausible event time; a deleted one nothing more, since only these are used.
-- Errors: none here; a broken expression in sl.quality_rule fails where the text is executed.
-- Reads: sl.applied_rule, sl.quality_rule. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._rule_expression(p_entity text, p_stage text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    c_failed CONSTANT text := ' WHEN (%s) IS NOT TRUE THEN %L';
BEGIN
    IF p_stage = 'warn' THEN
        -- To plan the view costs more than a small load.
        IF NOT EXISTS (SELECT FROM sl.quality_rule AS q WHERE q.entity_name = p_entity AND q.severity = 'warn') THEN
            RETURN NULL;
        END IF;
        RETURN (
            SELECT
                -- Few rows fail any: for the others no array is made.
                format(
                    'CASE WHEN %s THEN array_remove(ARRAY[%s]::text[], NULL) END',
                    string_agg(format('(%s) IS NOT TRUE', r.expression), ' OR ' ORDER BY r.position),
                    string_agg(
                        format('CASE WHEN (%s) IS NOT TRUE THEN %L END', r.expression, r.rule_name), ', '
                        ORDER BY r.position
                    )
                )
            FROM sl.applied_rule AS r
            WHERE r.entity_name = p_entity AND r.severity = 'warn'
            HAVING count(*) > 0
        );
    END IF;
    RETURN (
        SELECT
            'CASE'
            || CASE WHEN p_stage = 'convert' THEN '' ELSE ' WHEN scd2_unconverted IS NOT NULL THEN scd2_unconverted' END
            || coalesce(
                string_agg(format(c_failed, r.expression, r.rule_name), '' ORDER BY r.position, r.rule_name)
                FILTER (WHERE r.judges_deletions),
                ''
            )
            || ' WHEN scd2_deleted THEN NULL'
            || coalesce(
                string_agg(format(c_failed, r.expression, r.rule_name), '' ORDER BY r.position, r.rule_name)
                FILTER (WHERE NOT r.judges_deletions AND p_stage <> 'judge deletion'),
                ''
            )
            || ' END'
        FROM sl.applied_rule AS r
        WHERE r.entity_name = p_entity AND r.severity = 'reject' AND r.is_conversion = (p_stage = 'convert')
    );
END;
$body$;

COMMENT ON FUNCTION sl._rule_expression IS 'SQL expression that names the rules a source row fails';
