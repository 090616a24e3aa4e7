-- sl._mart_sql(p_mart sl.mart, p_template text, p_places jsonb DEFAULT '{}') RETURNS text
--
-- Purpose: fills a template of dynamic SQL with the names of a mart.
-- Parameters: p_mart: registry row; p_template: as of sl._fill; p_places: texts beside those of every mart.
-- Returns: the SQL. Places of every mart: target, image, touched, entity (the target of its key entity), first (the
--     first column of the key); lists: key, group, value (the columns of the image that are not in the key).
-- Errors: XX000 a place has no value: a defect of the caller.
-- Reads: sl.entity, pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._mart_sql(p_mart sl.mart, p_template text, p_places jsonb DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN sl._fill(
        p_template,
        jsonb_build_object(
            'key', p_mart.key_columns,
            'group', p_mart.group_columns,
            'value', ARRAY(
                SELECT c.column_name
                FROM sl._mart_columns(p_mart) AS c
                WHERE c.column_name <> ALL (p_mart.key_columns)
                ORDER BY c.column_no
            )
        ),
        jsonb_build_object(
            'target', format('%I.%I', p_mart.target_schema, p_mart.target_table),
            'image', format('%I.%I', p_mart.image_schema, p_mart.image_view),
            'touched', quote_ident(p_mart.touched_schema) || '.' || quote_ident(p_mart.touched_function),
            'entity', (
                SELECT format('%I.%I', e.target_schema, e.target_table)
                FROM sl.entity AS e
                WHERE e.entity_name = p_mart.key_entity
            ),
            'first', quote_ident(p_mart.key_columns[1])
        ) || p_places
    );
END;
$body$;

COMMENT ON FUNCTION sl._mart_sql IS 'Fills a template of dynamic SQL with the names of a mart';
