-- cdm.changed_product_days(p_runs bigint[], p_entities text[]) RETURNS TABLE (product_id bigint, from_day date,
--     to_day date, is_new boolean)
--
-- Purpose: for which days of the shop another version of a product or a category is valid than before the loads.
-- Parameters: p_runs: runs on the tables of dds; p_entities: product, category or both.
-- Returns: product_id: key of the product, NULL for a category; from_day, to_day: the first and the last day (-infinity
--     and infinity where there is none); is_new: the key was not known before. A row with no key and all days where a
--     run loaded a whole dimension.
-- Errors: none.
-- Reads: sl.changed_period. Writes: nothing.
CREATE OR REPLACE FUNCTION cdm.changed_product_days(p_runs bigint[], p_entities text[])
RETURNS TABLE (product_id bigint, from_day date, to_day date, is_new boolean)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT
        CASE c.entity_name WHEN 'product' THEN c.entity_key::bigint END,
        (c.changed_from AT TIME ZONE 'Europe/Moscow')::date,
        (c.changed_to AT TIME ZONE 'Europe/Moscow')::date,
        c.is_new
    FROM sl.changed_period AS c
    WHERE c.run_id = ANY (p_runs) AND c.entity_name = ANY (p_entities);
$body$;

COMMENT ON FUNCTION cdm.changed_product_days IS 'For which days another version of a product or a category is valid';
