-- sl._settle_consumption() RETURNS void
--
-- Purpose: writes sl.run.consumed_by of the loads that all marts have processed by now which read their target. A mart
--     that was never built is waited for by none.
-- Parameters: none.
-- Returns: nothing.
-- Errors: none.
-- Reads: sl.mart, sl.entity, as sl._is_used. Writes: sl.run, sl.consumption.
--
-- Of two builds beside each other neither sees what the other has processed: the next build, or audit, comes back to
-- it. A load that another session is busy with is left to that one.
CREATE OR REPLACE FUNCTION sl._settle_consumption()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    WITH processed AS (
        SELECT r.run_id
        FROM sl.run AS r
        WHERE
            r.run_id IN (SELECT c.run_id FROM sl.consumption AS c)
            AND NOT EXISTS (
                SELECT
                FROM sl.entity AS e
                INNER JOIN sl.mart AS m ON e.entity_name = ANY (m.sources)
                WHERE
                    format('%I.%I', e.target_schema, e.target_table) = r.target
                    AND sl._is_used(m)
                    AND NOT EXISTS (
                        SELECT FROM sl.consumption AS c WHERE c.run_id = r.run_id AND c.mart_name = m.mart_name
                    )
            )
        FOR UPDATE OF r SKIP LOCKED
    ),
    settled AS (
        DELETE FROM sl.consumption AS c
        USING processed AS p
        WHERE c.run_id = p.run_id
        RETURNING c.run_id, c.consumed_by
    )
    UPDATE sl.run AS r
    SET consumed_by = s.consumed_by
    FROM (SELECT d.run_id, max(d.consumed_by) AS consumed_by FROM settled AS d GROUP BY d.run_id) AS s
    WHERE r.run_id = s.run_id;
END;
$body$;

COMMENT ON FUNCTION sl._settle_consumption IS 'Writes which loads all marts have processed that read them';
