-- sl._count_current(p_entity sl.entity, p_slice sl.backfill_slice, p_force boolean, p_counts jsonb,
--     OUT current_rows bigint) RETURNS bigint
--
-- Purpose: counts the current rows of a target before a load that may delete too many of them is applied.
-- Parameters: p_entity: registry row; p_slice: the slice of a backfill, if any; p_force: do not judge;
--     p_counts: sl._count_changes.
-- Returns: current_rows, as far as it takes to know that the share is small: that costs in proportion to what changed,
--     however large the table is. NULL where the load need not be judged.
-- Errors: none.
-- Reads: the target, sl.backfill_slice. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._count_current(
    p_entity sl.entity,
    p_slice sl.backfill_slice,
    p_force boolean,
    p_counts jsonb,
    OUT current_rows bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_changed CONSTANT bigint := sl._sum_of(p_counts, 'close')
        + CASE
            WHEN p_entity.breaker_judges_changes THEN sl._sum_of(p_counts, 'splice', 'append')
            ELSE sl._sum_of(p_counts, 'splice_deletions')
        END;
    v_before record := sl._count_before(p_entity, p_slice);
BEGIN
    IF p_force OR v_changed = 0 OR v_before.deleted + v_before.changed + v_changed <= p_entity.breaker_floor THEN
        RETURN;
    END IF;
    EXECUTE sl._sql(
        p_entity, 'SELECT count(*) + $1 FROM (SELECT FROM {{target}} WHERE is_current LIMIT $2) AS t'
    )
    INTO current_rows
    USING
        v_before.deleted,
        ceil((v_before.deleted + v_before.changed + v_changed) / p_entity.breaker_share)::bigint;
END;
$body$;

COMMENT ON FUNCTION sl._count_current IS 'Counts the current rows of a target before a load that may delete too many';
