-- sl._mart_sources(p_mart sl.mart) RETURNS text[]
--
-- Purpose: the tables that a mart is made from, as sl.run and sl.watermark name them.
-- Parameters: p_mart: registry row.
-- Returns: the targets of the entities in p_mart.sources, in that order.
-- Errors: none.
-- Reads: sl.entity. Writes: nothing.
CREATE OR REPLACE FUNCTION sl._mart_sources(p_mart sl.mart)
RETURNS text[]
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT array_agg(format('%I.%I', e.target_schema, e.target_table) ORDER BY s.position)
    FROM unnest(p_mart.sources) WITH ORDINALITY AS s (entity_name, position)
    INNER JOIN sl.entity AS e ON e.entity_name = s.entity_name;
$body$;

COMMENT ON FUNCTION sl._mart_sources IS 'The tables that a mart is made from';
