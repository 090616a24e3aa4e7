-- sl._erase_delivered(p_entity sl.entity, p_from_xid bigint, p_to_xid bigint,
--     p_slice sl.backfill_slice DEFAULT NULL) RETURNS bigint
--
-- Purpose: empties the personal columns of forgotten keys in the source rows and kept states that a run is about to
--     read, where a source delivered them by a way that fires no trigger.
-- Parameters: p_entity: registry row; p_from_xid, p_to_xid: which writing transactions' rows, both included;
--     p_slice: only keys that lie in it.
-- Returns: how many source rows held any.
-- Errors: none.
-- Reads: sl.erasure, the source, sl.kept_state. Writes: the source, sl.kept_state.
--
-- A row that another session is writing at this moment is skipped: it is the next run's.
CREATE OR REPLACE FUNCTION sl._erase_delivered(
    p_entity sl.entity,
    p_from_xid bigint,
    p_to_xid bigint,
    p_slice sl.backfill_slice DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_rows bigint;
BEGIN
    IF p_entity.personal_columns = '{}' OR p_entity.changes <> 'stamp' THEN
        RETURN 0;
    END IF;
    EXECUTE sl._sql(
        p_entity,
        $sql$
        WITH found AS (
            SELECT {{key|t.%}}
            FROM {{source}} AS t
            WHERE
                t.changed_xid BETWEEN {{from}} AND {{to}}
                AND {{in_slice}}
                AND ({{personal|t.% IS NOT NULL| OR }})
                AND {{forgotten}}
            FOR NO KEY UPDATE OF t SKIP LOCKED
        )
        UPDATE {{source}} AS t
        SET {{personal|% = NULL}}
        FROM found AS f
        WHERE {{key|t.% = f.%| AND }}
        $sql$,
        jsonb_build_object(
            'from', p_from_xid,
            'to', p_to_xid,
            'in_slice', sl._slice_condition(
                p_slice,
                ARRAY(SELECT format('t.%I', k.column_name) FROM unnest(p_entity.key_columns) AS k (column_name)),
                sl._key_types(p_entity)
            ),
            'forgotten', sl._is_forgotten(p_entity, 't')
        )
    );
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    -- A rejected one would stay.
    EXECUTE sl._sql(
        p_entity,
        $sql$
        UPDATE sl.kept_state AS k
        SET state = k.state - {{names}}
        FROM sl.kept_state AS o
        CROSS JOIN LATERAL sl._populate(NULL::{{source}}, o.state, {{key_names}}) AS t
        WHERE o.kept_no = k.kept_no AND o.entity_name = {{name}} AND o.state ?| {{names}} AND {{forgotten}}
        $sql$,
        jsonb_build_object(
            'names', format('%L::text[]', p_entity.personal_columns), 'forgotten', sl._is_forgotten(p_entity, 't')
        )
    );
    RETURN v_rows;
END;
$body$;

COMMENT ON FUNCTION sl._erase_delivered IS 'Empties forgotten keys in the source rows that a run is about to read';
