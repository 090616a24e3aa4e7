-- cdm.touched_order_days(p_runs bigint[], p_entities text[]) RETURNS TABLE (sold_on date)
--
-- Purpose: the days of the orders that loads changed, as they are and as they were: what the touched functions of the
--     marts of orders have in common.
-- Parameters: p_runs: runs on the tables of dds; p_entities: of which entities a change counts for an order:
--     sales_order itself, sale (its lines), payment, sale_return.
-- Returns: sold_on: the shop's local day of the order (Europe/Moscow).
-- Errors: none.
-- Reads: dds.sales_order, dds.sale, dds.payment, dds.sale_return, as sl.overwritten. Writes: nothing.
--
-- What belongs to an order counts for the order as it is now, and where it belonged before for that one. An order that
-- was another before is among those that loads changed.
CREATE OR REPLACE FUNCTION cdm.touched_order_days(p_runs bigint[], p_entities text[])
RETURNS TABLE (sold_on date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    IF 'sales_order' = ANY (p_entities) THEN
        RETURN QUERY
        SELECT DISTINCT (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date
        FROM (
            SELECT v.ordered_at
            FROM dds.sales_order AS v
            WHERE v.run_id = ANY (p_runs)
            UNION ALL
            SELECT w.ordered_at
            FROM sl.overwritten(NULL::dds.sales_order, p_runs) AS w
        ) AS o;
    END IF;
    RETURN QUERY
    WITH line AS (
        SELECT r.sale_id
        FROM dds.sale_return AS r
        WHERE r.run_id = ANY (p_runs) AND 'sale_return' = ANY (p_entities)
        UNION
        SELECT w.sale_id
        FROM sl.overwritten(NULL::dds.sale_return, p_runs) AS w
        WHERE 'sale_return' = ANY (p_entities)
    ),
    order_key AS (
        SELECT s.order_id
        FROM dds.sale AS s
        WHERE s.run_id = ANY (p_runs) AND 'sale' = ANY (p_entities)
        UNION
        SELECT w.order_id
        FROM sl.overwritten(NULL::dds.sale, p_runs) AS w
        WHERE 'sale' = ANY (p_entities)
        UNION
        SELECT s.order_id
        FROM line AS l
        CROSS JOIN LATERAL (
            SELECT v.order_id
            FROM dds.sale AS v
            WHERE v.sale_id = l.sale_id
            OFFSET 0
        ) AS s
        UNION
        SELECT p.order_id
        FROM dds.payment AS p
        WHERE p.run_id = ANY (p_runs) AND 'payment' = ANY (p_entities)
        UNION
        SELECT w.order_id
        FROM sl.overwritten(NULL::dds.payment, p_runs) AS w
        WHERE 'payment' = ANY (p_entities)
    )

    SELECT DISTINCT (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date
    FROM order_key AS k
    CROSS JOIN LATERAL (
        SELECT v.ordered_at
        FROM dds.sales_order AS v
        WHERE v.order_id = k.order_id AND v.is_current
        OFFSET 0
    ) AS o;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_order_days IS 'The days of the orders that these runs changed';
