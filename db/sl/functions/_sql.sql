-- sl._sql(p_entity sl.entity, p_template text, p_places jsonb DEFAULT '{}') RETURNS text
--
-- Purpose: fills a template of dynamic SQL with the names of an entity.
-- Parameters: p_entity: registry row; p_template: as of sl._fill; p_places: texts beside those of every entity.
-- Returns: the SQL. Places of every entity: source, target (tables), sk (surrogate key), name (the entity's name as a
--     literal), kept (observations_kept), key_names, declared_names (arrays of names);
--     lists: key, tracked, in_place, value (the two before), personal (columns).
-- Errors: XX000 a place has no value: a defect of the caller.
-- Reads: nothing. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._sql(p_entity sl.entity, p_template text, p_places jsonb DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN sl._fill(
        p_template,
        jsonb_build_object(
            'key', p_entity.key_columns,
            'tracked', p_entity.tracked_columns,
            'in_place', p_entity.in_place_columns,
            'value', p_entity.tracked_columns || p_entity.in_place_columns,
            'personal', p_entity.personal_columns
        ),
        jsonb_build_object(
            'source', format('%I.%I', p_entity.source_schema, p_entity.source_table),
            'target', format('%I.%I', p_entity.target_schema, p_entity.target_table),
            'sk', quote_ident(p_entity.surrogate_key_column),
            'name', quote_literal(p_entity.entity_name),
            'kept', p_entity.observations_kept,
            'key_names', format('%L::text[]', p_entity.key_columns),
            'declared_names', format(
                '%L::text[]',
                array_remove(
                    p_entity.key_columns || p_entity.tracked_columns || p_entity.in_place_columns
                    || p_entity.event_time_column || p_entity.deleted_column,
                    NULL
                )
            )
        ) || p_places
    );
END;
$body$;

COMMENT ON FUNCTION sl._sql IS 'Fills a template of dynamic SQL with the names of an entity';
