-- cdm.touched_days_of_channels(p_runs bigint[]) RETURNS TABLE (sold_on date)
--
-- Purpose: the days whose rows of cdm.daily_sales depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the days of the orders that the runs wrote, or of which they wrote a line, a return or a payment, as they
--     are and as they were; those of the orders for which the runs changed the price of a product of theirs.
-- Errors: none.
-- Reads: as cdm.touched_order_days and cdm.touched_product_days. Writes: nothing.
CREATE OR REPLACE FUNCTION cdm.touched_days_of_channels(p_runs bigint[])
RETURNS TABLE (sold_on date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_days CONSTANT date [] := ARRAY(
        SELECT DISTINCT d.sold_on
        FROM cdm.touched_order_days(p_runs, ARRAY['sales_order', 'sale', 'sale_return', 'payment']) AS d
    );
BEGIN
    RETURN QUERY
    SELECT k.day
    FROM unnest(v_days) AS k (day)
    UNION
    SELECT d.sold_on
    FROM cdm.touched_product_days(p_runs, ARRAY['product'], 'day', v_days) AS d;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_days_of_channels IS
'The days whose rows of cdm.daily_sales depend on what these runs wrote';
