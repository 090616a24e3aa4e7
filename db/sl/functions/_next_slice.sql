-- sl._next_slice(p_target text) RETURNS sl.backfill_slice
--
-- Purpose: takes the next slice of a target's backfill that is neither done nor under way. It is this transaction's
--     until that ends: what is rolled back, or was cut off, is taken by the next call.
-- Parameters: p_target: schema-qualified table.
-- Returns: the slice; NULL where none is left, or no backfill is unfinished in this cluster.
-- Errors: none.
-- Reads: sl.backfill, sl.backfill_slice. Writes: nothing, but locks the slice's row.
CREATE OR REPLACE FUNCTION sl._next_slice(p_target text)
RETURNS sl.backfill_slice
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT s.*
    FROM sl.backfill AS b
    INNER JOIN sl.backfill_slice AS s ON s.target = b.target
    WHERE
        b.target = p_target
        AND b.finished_at IS NULL
        AND b.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
        AND s.run_id IS NULL
    ORDER BY s.slice_no
    LIMIT 1
    FOR UPDATE OF s SKIP LOCKED;
$body$;

COMMENT ON FUNCTION sl._next_slice IS 'Takes the next slice of a backfill that is neither done nor under way';
