-- sl._count_before(p_entity sl.entity, p_slice sl.backfill_slice) RETURNS record
--
-- Purpose: what the slices of a backfill before this one have deleted and changed.
-- Parameters: p_entity: registry row; p_slice: the slice; NULL for an ordinary load.
-- Returns: deleted; changed, 0 where the entity does not have its changes judged. Both are 0 for an ordinary load.
-- Errors: none.
-- Reads: sl.backfill_slice. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._count_before(
    p_entity sl.entity,
    p_slice sl.backfill_slice,
    OUT deleted bigint,
    OUT changed bigint
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        coalesce(sum(s.rows_deleted), 0),
        coalesce(sum(s.rows_changed) FILTER (WHERE p_entity.breaker_judges_changes), 0)
    FROM sl.backfill_slice AS s
    WHERE p_slice.slice_no IS NOT NULL AND s.target = p_slice.target;
$body$;

COMMENT ON FUNCTION sl._count_before IS 'What the slices of a backfill before this one have deleted and changed';
