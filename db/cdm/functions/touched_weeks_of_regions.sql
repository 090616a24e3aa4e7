-- cdm.touched_weeks_of_regions(p_runs bigint[]) RETURNS TABLE (week_start date)
--
-- Purpose: the weeks whose rows of cdm.region_sales depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the weeks of the orders that the runs wrote, or of which they wrote a line, as they are and as they were;
--     those in which the mart has a product for which the runs changed which version is valid.
-- Errors: none.
-- Reads: as cdm.touched_order_days; sl.changed_period, cdm.region_sales. Writes: nothing.
--
-- Weeks, not their regions: a week is read once, however many regions it has.
CREATE OR REPLACE FUNCTION cdm.touched_weeks_of_regions(p_runs bigint[])
RETURNS TABLE (week_start date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT date_trunc('week', d.sold_on)::date
    FROM cdm.touched_order_days(p_runs, ARRAY['sales_order', 'sale']) AS d
    UNION
    SELECT m.week_start
    FROM sl.changed_period AS c
    INNER JOIN cdm.region_sales AS m
        ON
            m.product_id = c.entity_key::bigint
            AND m.week_start > (c.changed_from AT TIME ZONE 'Europe/Moscow')::date - 7
            AND m.week_start <= (c.changed_to AT TIME ZONE 'Europe/Moscow')::date
    WHERE c.run_id = ANY (p_runs) AND c.entity_name = 'product' AND m.is_current
    UNION
    SELECT m.week_start
    FROM cdm.region_sales AS m
    WHERE
        m.is_current
        AND EXISTS (
            SELECT
            FROM sl.changed_period AS c
            WHERE c.run_id = ANY (p_runs) AND c.entity_name = 'product' AND c.entity_key IS NULL
        );
END;
$body$;

COMMENT ON FUNCTION cdm.touched_weeks_of_regions IS
'The weeks whose rows of cdm.region_sales depend on what these runs wrote';
