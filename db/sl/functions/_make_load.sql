-- sl._make_load(p_entity sl.entity) RETURNS void
--
-- Purpose: makes the procedure that loads an entity, <target schema>.load_<entity>(), which calls sl._load_entity.
-- Parameters: p_entity: registry row.
-- Returns: nothing.
-- Errors: none of its own.
-- Reads: nothing. Writes: the procedure.
CREATE OR REPLACE FUNCTION sl._make_load(p_entity sl.entity)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_places CONSTANT jsonb := jsonb_build_object(
        'procedure', format('%I.%I', p_entity.target_schema, 'load_' || p_entity.entity_name),
        'comment', quote_literal(
            format(
                'Loads what changed in %I.%I into %I.%I, keeping history',
                p_entity.source_schema, p_entity.source_table, p_entity.target_schema, p_entity.target_table
            )
        )
    );
BEGIN
    EXECUTE sl._sql(
        p_entity,
        $sql$
        CREATE OR REPLACE PROCEDURE {{procedure}}(
            p_full boolean DEFAULT false,
            p_force boolean DEFAULT false,
            INOUT run_id bigint DEFAULT NULL,
            INOUT rows_read bigint DEFAULT NULL,
            INOUT rows_inserted bigint DEFAULT NULL,
            INOUT rows_corrected bigint DEFAULT NULL,
            INOUT rows_deleted bigint DEFAULT NULL,
            INOUT rows_unchanged bigint DEFAULT NULL,
            INOUT rows_rejected bigint DEFAULT NULL
        )
        LANGUAGE plpgsql
        SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        AS $load$
        BEGIN
            CALL sl._load_entity(
                {{name}}, p_full, p_force,
                run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
            );
        END;
        $load$
        $sql$,
        v_places
    );
    EXECUTE sl._sql(p_entity, 'COMMENT ON PROCEDURE {{procedure}} IS {{comment}}', v_places);
    -- It runs with its owner's rights.
    EXECUTE sl._sql(p_entity, 'REVOKE ALL ON PROCEDURE {{procedure}} FROM PUBLIC', v_places);
END;
$body$;

COMMENT ON FUNCTION sl._make_load IS 'Makes the procedure that loads an entity';
