-- cdm.touched_sales(p_runs bigint[]) RETURNS TABLE (sale_id bigint)
--
-- Purpose: the sales whose mart rows depend on what these runs wrote.
-- Parameters: p_runs: runs of dds and cdm; NULL gives none.
-- Returns: each sale once: those the runs wrote, and those sold while a version of their client or product that the
--     runs wrote is valid, or is the first one, which stands for the time before it too.
-- Errors: none.
-- Reads: cdm.sales_mart, dds.sale, dds.client, dds.product, sl.tombstone. Writes: nothing.
CREATE OR REPLACE FUNCTION cdm.touched_sales(p_runs bigint[])
RETURNS TABLE (sale_id bigint)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT m.sale_id
    FROM cdm.sales_mart AS m
    WHERE m.run_id = ANY (p_runs)
    UNION
    SELECT s.sale_id
    FROM dds.sale AS s
    WHERE s.run_id = ANY (p_runs)
    UNION
    SELECT x.entity_key::bigint
    FROM sl.tombstone AS x
    WHERE x.entity_name = 'sale' AND x.run_id = ANY (p_runs)
    UNION
    SELECT s.sale_id
    FROM dds.client AS c
    INNER JOIN dds.sale AS s ON s.client_id = c.client_id AND s.sold_at < c.valid_to
    WHERE
        c.run_id = ANY (p_runs)
        AND (
            s.sold_at >= c.valid_from
            OR NOT EXISTS (
                SELECT FROM dds.client AS e WHERE e.client_id = c.client_id AND e.valid_from < c.valid_from
            )
        )
    UNION
    SELECT s.sale_id
    FROM dds.product AS p
    INNER JOIN dds.sale AS s ON s.product_id = p.product_id AND s.sold_at < p.valid_to
    WHERE
        p.run_id = ANY (p_runs)
        AND (
            s.sold_at >= p.valid_from
            OR NOT EXISTS (
                SELECT FROM dds.product AS e WHERE e.product_id = p.product_id AND e.valid_from < p.valid_from
            )
        );
$body$;

COMMENT ON FUNCTION cdm.touched_sales IS 'The sales whose mart rows depend on what these runs wrote';
