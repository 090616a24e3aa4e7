-- cdm.touched_months_of_carriers(p_runs bigint[]) RETURNS TABLE (shipped_month date)
--
-- Purpose: the months whose rows of cdm.carrier_delivery depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the months of the deliveries that the runs wrote, as they are and as they were.
-- Errors: none.
-- Reads: dds.delivery, as sl.overwritten. Writes: nothing.
CREATE OR REPLACE FUNCTION cdm.touched_months_of_carriers(p_runs bigint[])
RETURNS TABLE (shipped_month date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT date_trunc('month', d.shipped_at AT TIME ZONE 'Europe/Moscow')::date
    FROM (
        SELECT v.shipped_at
        FROM dds.delivery AS v
        WHERE v.run_id = ANY (p_runs)
        UNION ALL
        SELECT w.shipped_at
        FROM sl.overwritten(NULL::dds.delivery, p_runs) AS w
    ) AS d
    WHERE d.shipped_at IS NOT NULL;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_months_of_carriers IS
'The months whose rows of cdm.carrier_delivery depend on what these runs wrote';
