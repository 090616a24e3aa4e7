-- cdm.touched_months_of_statuses(p_runs bigint[]) RETURNS TABLE (order_month date)
--
-- Purpose: the months whose rows of cdm.status_time depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the months of all versions of the orders that the runs wrote, as they are and as they were: a stay ends
--     with the version after it, which may be of another month.
-- Errors: none.
-- Reads: dds.sales_order, as sl.overwritten. Writes: nothing.
CREATE OR REPLACE FUNCTION cdm.touched_months_of_statuses(p_runs bigint[])
RETURNS TABLE (order_month date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH written AS (
        SELECT v.order_id, v.ordered_at
        FROM dds.sales_order AS v
        WHERE v.run_id = ANY (p_runs)
        UNION
        SELECT w.order_id, w.ordered_at
        FROM sl.overwritten(NULL::dds.sales_order, p_runs) AS w
    )

    SELECT date_trunc('month', w.ordered_at AT TIME ZONE 'Europe/Moscow')::date
    FROM written AS w
    UNION
    SELECT date_trunc('month', v.ordered_at AT TIME ZONE 'Europe/Moscow')::date
    FROM (SELECT DISTINCT w.order_id FROM written AS w) AS k
    CROSS JOIN LATERAL (
        SELECT o.ordered_at
        FROM dds.sales_order AS o
        WHERE o.order_id = k.order_id
        OFFSET 0
    ) AS v;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_months_of_statuses IS
'The months whose rows of cdm.status_time depend on what these runs wrote';
