-- cdm.find_violations() RETURNS TABLE (check_name text, violations bigint, example text)
--
-- Purpose: checks cdm.sales_mart against the invariants that docs/history.md lists.
-- Parameters: none.
-- Returns: a row for each broken check: how many rows or sales break it, and the sale_id of one.
-- Errors: none.
-- Reads: cdm.sales_mart, cdm.sales_mart_image. Writes: nothing.
--
-- image_differs holds between a build and the next load; a load that no build has followed yet shows here.
CREATE OR REPLACE FUNCTION cdm.find_violations()
RETURNS TABLE (check_name text, violations bigint, example text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN QUERY
    WITH version AS (
        SELECT
            m.sale_id,
            m.version_no,
            m.valid_from,
            m.valid_to,
            m.is_current,
            lead(m.valid_from) OVER w AS next_from,
            row_number() OVER w AS expected_no
        FROM cdm.sales_mart AS m
        WINDOW w AS (PARTITION BY m.sale_id ORDER BY m.version_no)
    ),
    finding AS (
        SELECT 'interval_empty' AS check_name, v.sale_id FROM version AS v WHERE v.valid_from >= v.valid_to
        UNION ALL
        SELECT 'versions_overlap', v.sale_id FROM version AS v WHERE v.valid_to > v.next_from
        UNION ALL
        SELECT 'version_numbers_broken', v.sale_id FROM version AS v WHERE v.version_no <> v.expected_no
        UNION ALL
        SELECT 'current_flag_wrong', v.sale_id FROM version AS v WHERE v.is_current <> (v.valid_to = 'infinity')
        UNION ALL
        SELECT 'several_current', v.sale_id FROM version AS v
        WHERE v.is_current
        GROUP BY v.sale_id
        HAVING count(*) > 1
        UNION ALL
        SELECT 'image_differs', coalesce(m.sale_id, i.sale_id)
        FROM (SELECT * FROM cdm.sales_mart WHERE is_current) AS m
        FULL JOIN cdm.sales_mart_image AS i ON i.sale_id = m.sale_id
        WHERE
            (
                m.sale_id, m.order_id, m.sold_at, m.client_id, m.client_sk, m.client, m.client_age,
                m.product_id, m.product_sk, m.product, m.category, m.size, m.price, m.quantity, m.total_amount
            ) IS DISTINCT FROM (
                i.sale_id, i.order_id, i.sold_at, i.client_id, i.client_sk, i.client, i.client_age,
                i.product_id, i.product_sk, i.product, i.category, i.size, i.price, i.quantity, i.total_amount
            )
    )
    SELECT f.check_name, count(*), min(f.sale_id)::text FROM finding AS f GROUP BY f.check_name;
END;
$body$;

COMMENT ON FUNCTION cdm.find_violations IS 'Checks the mart against the invariants';
