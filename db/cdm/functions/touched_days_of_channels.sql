-- cdm.touched_days_of_channels(p_runs bigint[]) RETURNS TABLE (sold_on date)
--
-- Purpose: the days whose rows of cdm.daily_sales depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the days of the orders that the runs wrote, or of which they wrote a line, a return or a payment, as they
--     are and as they were; the days of the mart for which the runs changed which version of a product is valid.
-- Errors: none.
-- Reads: as cdm.touched_order_days, cdm.changed_product_days and cdm.sales_in_periods; cdm.daily_sales, dds.sale,
--     dds.sales_order. Writes: nothing.
--
-- A product counts where a line has no price of its own. Of one that was not known before there are few lines.
CREATE OR REPLACE FUNCTION cdm.touched_days_of_channels(p_runs bigint[])
RETURNS TABLE (sold_on date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_new_products CONSTANT bigint [] := ARRAY(
        SELECT c.product_id FROM cdm.changed_product_days(p_runs, ARRAY['product']) AS c WHERE c.is_new
    );
BEGIN
    RETURN QUERY
    SELECT d.sold_on
    FROM cdm.touched_order_days(p_runs, ARRAY['sales_order', 'sale', 'sale_return', 'payment']) AS d
    UNION
    SELECT m.sold_on
    FROM cdm.daily_sales AS m
    WHERE
        m.is_current
        AND EXISTS (
            SELECT
            FROM cdm.changed_product_days(p_runs, ARRAY['product']) AS c
            WHERE c.is_new IS NOT TRUE AND m.sold_on BETWEEN c.from_day AND c.to_day
        )
    UNION
    SELECT (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date
    FROM cdm.sales_in_periods(
        'product',
        v_new_products,
        array_fill(timestamptz '-infinity', ARRAY[cardinality(v_new_products)]),
        array_fill(timestamptz 'infinity', ARRAY[cardinality(v_new_products)])
    ) AS k
    INNER JOIN dds.sale AS s ON s.sale_id = k.sale_id AND s.is_current
    INNER JOIN dds.sales_order AS o ON o.order_id = s.order_id AND o.is_current;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_days_of_channels IS
'The days whose rows of cdm.daily_sales depend on what these runs wrote';
