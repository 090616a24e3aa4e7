-- sl._check_source(p_entity sl.entity, p_needs_time boolean) RETURNS void
--
-- Purpose: makes sure that an entity's source has what its declaration names, before a load begins.
-- Parameters: p_entity: registry row; p_needs_time: whether the load asks for event times.
-- Returns: nothing.
-- Errors: TS003 the source, or a column of it, does not exist; 22023 the entity has no event time and the load needs
--     it.
-- Reads: pg_catalog. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._check_source(p_entity sl.entity, p_needs_time boolean)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_missing text;
BEGIN
    PERFORM sl._key_types(p_entity);
    SELECT string_agg(quote_ident(w.column_name), ', ' ORDER BY w.column_name)
    INTO v_missing
    FROM (
        SELECT unnest(
            p_entity.tracked_columns || p_entity.in_place_columns || p_entity.event_time_column
            || p_entity.deleted_column
            || CASE WHEN p_entity.changes = 'stamp' THEN 'changed_xid' END
        ) AS column_name
    ) AS w
    WHERE
        w.column_name IS NOT NULL
        AND NOT EXISTS (
            SELECT
            FROM pg_attribute AS a
            WHERE
                a.attrelid = to_regclass(format('%I.%I', p_entity.source_schema, p_entity.source_table))
                AND a.attname = w.column_name
                AND NOT a.attisdropped
        );
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format(
                'Entity "%s": %I.%I has no column %s', p_entity.entity_name, p_entity.source_schema,
                p_entity.source_table, v_missing
            ),
            HINT = 'Give the source the column, or declare the entity without it (sl.declare_entity). Nothing was '
                'changed.';
    END IF;
    IF p_needs_time AND p_entity.event_time_column IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Entity "%s" has no event time that p_since could be compared with', p_entity.entity_name),
            HINT = 'Name the rows by p_keys, or load all of them by p_full => true.';
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._check_source IS 'Makes sure that an entity''s source has what its declaration names';
