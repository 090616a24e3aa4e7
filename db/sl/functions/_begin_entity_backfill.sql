-- sl._begin_entity_backfill(p_entity text, p_slice_rows bigint) RETURNS void
--
-- Purpose: begins a first load or rebuild of an entity in slices, or resumes one that is not finished.
-- Parameters: p_entity: name in sl.entity; p_slice_rows: rows of the source a slice.
-- Returns: nothing.
-- Errors: TS002 the entity is not declared; TS003 its source or a column of it does not exist; 22023 its source is
--     compared whole (p_changes => 'scan'); and those of sl._begin_backfill, which it calls.
-- Reads: sl.entity, and as sl._begin_backfill. Writes: as sl._begin_backfill.
CREATE OR REPLACE FUNCTION sl._begin_entity_backfill(p_entity text, p_slice_rows bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_entity sl.entity := sl._entity_of(p_entity);
    v_source text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
BEGIN
    PERFORM sl._check_source(v_entity, false);
    IF v_entity.changes = 'scan' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Entity "%s" is compared whole: it has no backfill in slices', p_entity),
            HINT = format('CALL sl.load(%L), which compares all of its source.', p_entity);
    END IF;
    PERFORM sl._begin_backfill(
        'sl.backfill',
        format('%I.%I', v_entity.target_schema, v_entity.target_table),
        ARRAY[v_source],
        v_source,
        v_entity.key_columns,
        p_slice_rows
    );
END;
$body$;

COMMENT ON FUNCTION sl._begin_entity_backfill IS
'Begins a first load or rebuild of an entity in slices, or resumes one';
