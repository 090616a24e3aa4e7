-- sl._begin_mart_backfill(p_mart text, p_slice_rows bigint) RETURNS void
--
-- Purpose: begins a first build or rebuild of a mart in slices, or resumes one that is not finished.
-- Parameters: p_mart: name in sl.mart; p_slice_rows: versions of the key entity a slice.
-- Returns: nothing.
-- Errors: TS002 the mart is not declared; 22023 it has no key entity; and those of sl._begin_backfill, which it calls.
-- Reads: sl.mart, sl.entity, and as sl._begin_backfill. Writes: as sl._begin_backfill.
CREATE OR REPLACE FUNCTION sl._begin_mart_backfill(p_mart text, p_slice_rows bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_mart sl.mart := sl._mart_of(p_mart);
BEGIN
    IF v_mart.key_entity IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('Mart "%s" has no key entity by which it could be cut into slices', p_mart),
            HINT = format('CALL sl.build(%L, p_full => true), which computes all of it.', p_mart);
    END IF;
    PERFORM sl._check_image(v_mart);
    PERFORM sl._begin_backfill(
        'sl.backfill',
        format('%I.%I', v_mart.target_schema, v_mart.target_table),
        sl._mart_sources(v_mart),
        sl._mart_sql(v_mart, '{{entity}}'),
        v_mart.key_columns,
        p_slice_rows
    );
END;
$body$;

COMMENT ON FUNCTION sl._begin_mart_backfill IS 'Begins a first build or rebuild of a mart in slices, or resumes one';
