-- sl._check_types(p_entity sl.entity) RETURNS void
--
-- Purpose: refuses a declaration where a column of the source is of another type than the target's.
-- Parameters: p_entity: registry row, as sl.entity has it by now.
-- Returns: nothing.
-- Errors: TS008 the types differ.
-- Reads: sl._source_column. Writes: nothing.
--
-- The target's types were the source's when it was made: what differs was changed since, or the source is another one.
CREATE OR REPLACE FUNCTION sl._check_types(p_entity sl.entity)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_wrong text;
BEGIN
    SELECT
        format(
            'column %1$I of %2$I.%3$I is %4$s, and of %5$I.%6$I %7$s: ALTER TABLE %5$I.%6$I ALTER COLUMN %1$I TYPE '
            '%4$s in a revision, or give the source its type back',
            c.column_name, p_entity.source_schema, p_entity.source_table, c.type_name, p_entity.target_schema,
            p_entity.target_table, c.target_type_name
        )
    INTO v_wrong
    FROM sl._source_column AS c
    WHERE
        c.entity_name = p_entity.entity_name
        AND c.is_converted
        AND c.column_name = ANY (p_entity.key_columns || p_entity.tracked_columns || p_entity.in_place_columns)
    ORDER BY c.position
    LIMIT 1;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS008',
            MESSAGE = format('Entity "%s": %s', p_entity.entity_name, v_wrong),
            DETAIL = 'Loads go on meanwhile: they convert each value, and reject what does not convert.';
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._check_types IS
'Refuses a declaration where a column of the source is of another type than the target''s';
