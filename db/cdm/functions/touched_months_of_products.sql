-- cdm.touched_months_of_products(p_runs bigint[]) RETURNS TABLE (order_month date)
--
-- Purpose: the months whose rows of cdm.product_sales depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the months of the orders that the runs wrote, or of which they wrote a line, as they are and as they were;
--     those of the orders for which the runs changed what a product of theirs is called.
-- Errors: none.
-- Reads: as cdm.touched_order_days and cdm.touched_product_days. Writes: nothing.
CREATE OR REPLACE FUNCTION cdm.touched_months_of_products(p_runs bigint[])
RETURNS TABLE (order_month date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_months CONSTANT date [] := ARRAY(
        SELECT DISTINCT date_trunc('month', d.sold_on)::date
        FROM cdm.touched_order_days(p_runs, ARRAY['sales_order', 'sale']) AS d
    );
BEGIN
    RETURN QUERY
    SELECT k.month
    FROM unnest(v_months) AS k (month)
    UNION
    SELECT date_trunc('month', d.sold_on)::date
    FROM cdm.touched_product_days(p_runs, ARRAY['product', 'category'], 'month', v_months) AS d;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_months_of_products IS
'The months whose rows of cdm.product_sales depend on what these runs wrote';
