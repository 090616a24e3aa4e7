-- sl.begin_entity_backfill(p_entity text, p_slice_rows bigint) RETURNS void
--
-- Purpose: begins a first load or rebuild of an entity in slices, or goes on with one that is not finished.
-- Parameters: p_entity: name in sl.entity; p_slice_rows: rows of the source a slice.
-- Returns: nothing.
-- Errors: TS002 the entity is not registered; TS003 its source table or key column does not exist; and those of
--     sl.begin_backfill, of which this is the call for an entity.
-- Reads: sl.entity, and as sl.begin_backfill. Writes: as sl.begin_backfill.
CREATE OR REPLACE FUNCTION sl.begin_entity_backfill(p_entity text, p_slice_rows bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_entity sl.entity := sl.entity_of(p_entity);
    v_source text := format('%I.%I', v_entity.source_schema, v_entity.source_table);
BEGIN
    PERFORM sl.key_type(v_entity);
    PERFORM sl.begin_backfill(
        'sl.backfill',
        format('%I.%I', v_entity.target_schema, v_entity.target_table),
        ARRAY[v_source],
        v_source,
        quote_ident(v_entity.key_column),
        p_slice_rows
    );
END;
$body$;

COMMENT ON FUNCTION sl.begin_entity_backfill IS 'Begins a first load or rebuild of an entity in slices, or goes on with one';
