-- sl._is_deleted(p_entity sl.entity, p_row text) RETURNS text
--
-- Purpose: writes the condition that a source row is marked as deleted into dynamic SQL.
-- Parameters: p_entity: registry row; p_row: alias of the row.
-- Returns: a condition that is never NULL. A boolean says it itself; of another type any value does, such as the time
--     of the deletion.
-- Errors: none.
-- Reads: sl._source_column. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._is_deleted(p_entity sl.entity, p_row text)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN coalesce(
        (
            SELECT format(
                CASE WHEN t.typcategory = 'B' THEN 'coalesce(%s.%I, false)' ELSE '(%s.%I IS NOT NULL)' END,
                p_row, c.column_name
            )
            FROM sl._source_column AS c
            INNER JOIN pg_attribute AS a
                ON
                    a.attrelid = to_regclass(format('%I.%I', p_entity.source_schema, p_entity.source_table))
                    AND a.attname = c.column_name
            INNER JOIN pg_type AS t ON t.oid = a.atttypid
            WHERE c.entity_name = p_entity.entity_name AND c.column_name = p_entity.deleted_column
        ),
        'false'
    );
END;
$body$;

COMMENT ON FUNCTION sl._is_deleted IS 'Writes the condition that a source row is marked as deleted into dynamic SQL';
