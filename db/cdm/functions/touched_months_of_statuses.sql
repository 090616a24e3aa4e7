-- cdm.touched_months_of_statuses(p_runs bigint[]) RETURNS TABLE (order_month date)
--
-- Purpose: the months whose rows of cdm.status_time depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the months of the orders that the runs wrote, as they are and as they were.
-- Errors: none.
-- Reads: as cdm.touched_order_days. Writes: nothing.
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
    SELECT DISTINCT date_trunc('month', d.sold_on)::date
    FROM cdm.touched_order_days(p_runs, ARRAY['sales_order']) AS d;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_months_of_statuses IS
'The months whose rows of cdm.status_time depend on what these runs wrote';
