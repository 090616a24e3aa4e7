-- cdm.touched_sales(p_runs bigint[]) RETURNS TABLE (sale_id bigint)
--
-- Purpose: the sales whose mart rows depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: each sale once: those the runs wrote, and those whose client or product the runs changed as of their time.
--     Every sale where a run loaded a whole dimension.
-- Errors: none.
-- Reads: cdm.sales_mart, dds.sale, sl.tombstone, sl.changed_period, sl.erasure. Writes: nothing.
--
-- Of a client that no version was known of before, the mart's own rows without a version of the client are the ones,
-- which an index holds, with the closed versions of such.
--
-- In PL/pgSQL, whose plans know the runs: before PostgreSQL 18 a function in SQL is planned for any ten of them, which
-- may look like the whole table.
CREATE OR REPLACE FUNCTION cdm.touched_sales(p_runs bigint[])
RETURNS TABLE (sale_id bigint)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM sl.changed_period AS c WHERE c.run_id = ANY (p_runs) AND c.entity_key IS NULL) THEN
        RETURN QUERY
        SELECT s.sale_id
        FROM dds.sale AS s
        UNION
        SELECT x.entity_key::bigint
        FROM sl.tombstone AS x
        WHERE x.entity_name = 'sale' AND x.run_id = ANY (p_runs);
        RETURN;
    END IF;

    RETURN QUERY
    WITH period AS (
        SELECT
            p.entity_name,
            array_agg(p.entity_key::bigint) AS keys,
            array_agg(p.changed_from) AS from_times,
            array_agg(p.changed_to) AS to_times
        FROM (
            SELECT c.entity_name, c.entity_key, c.changed_from, c.changed_to
            FROM sl.changed_period AS c
            WHERE c.run_id = ANY (p_runs) AND NOT (c.is_new AND c.entity_name = 'client')
            UNION ALL
            SELECT e.entity_name, e.entity_key, timestamptz '-infinity', timestamptz 'infinity'
            FROM sl.erasure AS e
            WHERE e.run_id = ANY (p_runs)
        ) AS p
        WHERE p.entity_name IN ('client', 'product')
        GROUP BY p.entity_name
    )
    SELECT s.sale_id
    FROM dds.sale AS s
    WHERE s.run_id = ANY (p_runs)
    UNION
    SELECT x.entity_key::bigint
    FROM sl.tombstone AS x
    WHERE x.entity_name = 'sale' AND x.run_id = ANY (p_runs)
    UNION
    SELECT s.sale_id
    FROM period AS p
    CROSS JOIN LATERAL cdm.sales_in_periods(p.entity_name, p.keys, p.from_times, p.to_times) AS s
    UNION
    SELECT m.sale_id
    FROM sl.changed_period AS c
    CROSS JOIN LATERAL (
        SELECT v.sale_id
        FROM cdm.sales_mart AS v
        WHERE v.client_id = c.entity_key::bigint AND v.client_sk IS NULL
        OFFSET 0
    ) AS m
    WHERE c.run_id = ANY (p_runs) AND c.is_new AND c.entity_name = 'client';
END;
$body$;

COMMENT ON FUNCTION cdm.touched_sales IS 'The sales whose mart rows depend on what these runs wrote';
