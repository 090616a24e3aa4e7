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
    WITH client_period AS (
        SELECT
            array_agg(c.client_id) AS keys,
            array_agg(
                CASE
                    WHEN EXISTS (
                        SELECT FROM dds.client AS e WHERE e.client_id = c.client_id AND e.valid_from < c.valid_from
                    ) THEN c.valid_from
                    ELSE timestamptz '-infinity'
                END
            ) AS from_times,
            array_agg(c.valid_to) AS to_times
        FROM dds.client AS c
        WHERE c.run_id = ANY (p_runs)
    ),
    product_period AS (
        SELECT
            array_agg(p.product_id) AS keys,
            array_agg(
                CASE
                    WHEN EXISTS (
                        SELECT FROM dds.product AS e WHERE e.product_id = p.product_id AND e.valid_from < p.valid_from
                    ) THEN p.valid_from
                    ELSE timestamptz '-infinity'
                END
            ) AS from_times,
            array_agg(p.valid_to) AS to_times
        FROM dds.product AS p
        WHERE p.run_id = ANY (p_runs)
    )
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
    FROM client_period AS p
    CROSS JOIN LATERAL cdm.sales_in_periods('client', p.keys, p.from_times, p.to_times) AS s
    UNION
    SELECT s.sale_id
    FROM product_period AS p
    CROSS JOIN LATERAL cdm.sales_in_periods('product', p.keys, p.from_times, p.to_times) AS s;
$body$;

COMMENT ON FUNCTION cdm.touched_sales IS 'The sales whose mart rows depend on what these runs wrote';
