-- cdm.touched_months_of_products(p_runs bigint[]) RETURNS TABLE (order_month date)
--
-- Purpose: the months whose rows of cdm.product_sales depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the months of the orders that the runs wrote, or of which they wrote a line, as they are and as they were;
--     the months of the mart for which the runs changed which version of a product or a category is valid.
-- Errors: none.
-- Reads: as cdm.touched_order_days and cdm.changed_product_days; cdm.product_sales. Writes: nothing.
--
-- Of a product that was not known before, the rows of the name Unknown are the ones, which an index holds.
CREATE OR REPLACE FUNCTION cdm.touched_months_of_products(p_runs bigint[])
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
    FROM cdm.touched_order_days(p_runs, ARRAY['sales_order', 'sale']) AS d
    UNION
    SELECT k.order_month
    FROM (SELECT DISTINCT m.order_month FROM cdm.product_sales AS m WHERE m.is_current) AS k
    WHERE EXISTS (
        SELECT
        FROM cdm.changed_product_days(p_runs, ARRAY['product', 'category']) AS c
        WHERE
            NOT (c.is_new AND c.product_id IS NOT NULL)
            AND k.order_month + interval '1 month' > c.from_day
            AND k.order_month <= c.to_day
    )
    UNION
    SELECT m.order_month
    FROM cdm.product_sales AS m
    WHERE
        m.product_name = 'Unknown'
        AND m.is_current
        AND EXISTS (
            SELECT
            FROM cdm.changed_product_days(p_runs, ARRAY['product']) AS c
            WHERE c.is_new
        );
END;
$body$;

COMMENT ON FUNCTION cdm.touched_months_of_products IS
'The months whose rows of cdm.product_sales depend on what these runs wrote';
