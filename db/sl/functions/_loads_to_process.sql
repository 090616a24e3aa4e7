-- sl._loads_to_process(p_mart text) RETURNS bigint[]
--
-- Purpose: the loads of a mart's sources that no build of it has processed.
-- Parameters: p_mart: name in sl.mart.
-- Returns: run ids. A load and its row in sl.run commit together, so a load that began earlier and commits later than a
--     build is among them at the next one.
-- Errors: none.
-- Reads: sl.mart, sl.entity, sl.run, sl.consumption. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._loads_to_process(p_mart text)
RETURNS bigint[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT ARRAY(
        SELECT r.run_id
        FROM sl.mart AS m
        INNER JOIN sl.entity AS e ON e.entity_name = ANY (m.sources)
        INNER JOIN sl.run AS r
            ON r.target = format('%I.%I', e.target_schema, e.target_table)
            AND r.status = 'succeeded'
            AND r.consumed_by IS NULL
        WHERE
            m.mart_name = p_mart
            AND NOT EXISTS (
                SELECT FROM sl.consumption AS c WHERE c.run_id = r.run_id AND c.mart_name = m.mart_name
            )
        ORDER BY r.run_id
    );
$body$;

COMMENT ON FUNCTION sl._loads_to_process IS 'The loads of a mart''s sources that no build of it has processed';
