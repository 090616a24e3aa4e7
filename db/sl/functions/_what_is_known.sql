-- sl._what_is_known(p_entity sl.entity, p_is_full boolean, p_slice sl.backfill_slice) RETURNS record
--
-- Purpose: tells whether a load is the first one, and whether anything at all is known of its keys.
-- Parameters: p_entity: registry row; p_is_full: whether the load reads everything; p_slice: only keys that lie in it.
-- Returns: is_first_load: no version is there yet; is_fresh: neither version nor deletion nor rejection nor erasure is.
-- Errors: none.
-- Reads: sl.watermark, the target, sl.tombstone, sl.rejected_row, sl.erasure. Writes: nothing.
--
-- A slice in which nothing is known is one of a first load only where no load has found anything yet: else it would
-- note the whole as changed for the sake of some new keys.
CREATE OR REPLACE FUNCTION sl._what_is_known(
    p_entity sl.entity,
    p_is_full boolean,
    p_slice sl.backfill_slice,
    OUT is_first_load boolean,
    OUT is_fresh boolean
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_types CONSTANT text [] := sl._key_types(p_entity);
    v_was_loaded CONSTANT boolean := EXISTS (
        SELECT FROM sl.watermark AS w
        WHERE
            w.target = format('%I.%I', p_entity.target_schema, p_entity.target_table)
            AND w.source = format('%I.%I', p_entity.source_schema, p_entity.source_table)
            AND w.high_updated_at IS NOT NULL
    );
BEGIN
    is_first_load := false;
    is_fresh := false;
    IF v_was_loaded AND (NOT p_is_full OR p_slice.slice_no IS NOT NULL) THEN
        RETURN;
    END IF;
    EXECUTE sl._sql(
        p_entity,
        'SELECT NOT EXISTS (SELECT FROM {{target}} AS t WHERE {{in_slice}})',
        jsonb_build_object(
            'in_slice', sl._slice_condition(
                p_slice,
                ARRAY(SELECT format('t.%I', k.column_name) FROM unnest(p_entity.key_columns) AS k (column_name)),
                v_types
            )
        )
    ) INTO is_first_load;
    IF NOT is_first_load THEN
        RETURN;
    END IF;
    EXECUTE sl._sql(
        p_entity,
        'SELECT NOT EXISTS (SELECT FROM sl.tombstone WHERE entity_name = {{name}} AND {{in_slice}}) '
        'AND NOT EXISTS (SELECT FROM sl.rejected_row WHERE entity_name = {{name}} AND {{in_slice}}) '
        'AND NOT EXISTS (SELECT FROM sl.erasure WHERE entity_name = {{name}} AND {{in_slice}})',
        jsonb_build_object(
            'in_slice', sl._slice_condition(p_slice, sl._key_values(v_types, 'entity_key'), v_types)
        )
    ) INTO is_fresh;
    is_first_load := is_fresh OR p_is_full;
END;
$body$;

COMMENT ON FUNCTION sl._what_is_known IS
'Tells whether a load is the first one, and whether anything is known of its keys';
