-- cdm.touched_product_days(p_runs bigint[], p_entities text[], p_unit text, p_groups date[], p_known date[])
--     RETURNS TABLE (sold_on date)
--
-- Purpose: the days of the orders that have a line of a product of which loads changed what counts as of the order: the
--     version of the product, or that of its category.
-- Parameters: p_runs: runs on the tables of dds; p_entities: product, category or both; p_unit: day or month: by what
--     the mart groups; p_groups: the first days of the groups that the mart has; p_known: those that are touched
--     anyway.
-- Returns: each day once. No day where all groups of a change are known. Every day of p_groups where a run loaded a
--     whole dimension.
-- Errors: none.
-- Reads: sl.changed_period, dds.product, as cdm.sales_in_periods; dds.sale, dds.sales_order. Writes: nothing.
--
-- A change that is valid from today on concerns the groups of today alone, which a day's orders touch anyway: no line
-- is looked for. For others the lines of the product are, of whichever time, since a line is sold when its order says
-- so.
CREATE OR REPLACE FUNCTION cdm.touched_product_days(
    p_runs bigint[],
    p_entities text[],
    p_unit text,
    p_groups date[],
    p_known date[]
)
RETURNS TABLE (sold_on date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_keys bigint [];
    v_products bigint [];
    v_from timestamptz [];
    v_to timestamptz [];
BEGIN
    IF
        EXISTS (
            SELECT
            FROM sl.changed_period AS c
            WHERE c.run_id = ANY (p_runs) AND c.entity_name = ANY (p_entities) AND c.entity_key IS NULL
        )
    THEN
        RETURN QUERY
        SELECT g.day
        FROM unnest(p_groups) AS g (day);
        RETURN;
    END IF;
    SELECT array_agg(c.product_id), array_agg(c.changed_from), array_agg(c.changed_to)
    INTO v_keys, v_from, v_to
    FROM (
        SELECT p.entity_key::bigint AS product_id, p.changed_from, p.changed_to
        FROM sl.changed_period AS p
        WHERE p.run_id = ANY (p_runs) AND p.entity_name = 'product' AND 'product' = ANY (p_entities)
        UNION
        SELECT v.product_id, p.changed_from, p.changed_to
        FROM sl.changed_period AS p
        INNER JOIN dds.product AS v ON v.category_id = p.entity_key::bigint
        WHERE p.run_id = ANY (p_runs) AND p.entity_name = 'category' AND 'category' = ANY (p_entities)
    ) AS c
    WHERE EXISTS (
        SELECT
        FROM unnest(p_groups) AS g (day)
        WHERE
            g.day <> ALL (p_known)
            AND g.day::timestamp < c.changed_to AT TIME ZONE 'Europe/Moscow'
            AND g.day + ('1 ' || p_unit)::interval > c.changed_from AT TIME ZONE 'Europe/Moscow'
    );
    IF v_keys IS NULL THEN
        RETURN;
    END IF;
    v_products := ARRAY(SELECT DISTINCT u.key FROM unnest(v_keys) AS u (key));
    RETURN QUERY
    SELECT DISTINCT (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date
    FROM (
        SELECT k.sale_id
        FROM cdm.sales_in_periods(
            'product',
            v_products,
            array_fill(timestamptz '-infinity', ARRAY[cardinality(v_products)]),
            array_fill(timestamptz 'infinity', ARRAY[cardinality(v_products)])
        ) AS k
        WHERE k.is_current
    ) AS k
    INNER JOIN dds.sale AS s ON s.sale_id = k.sale_id AND s.is_current
    INNER JOIN dds.sales_order AS o ON o.order_id = s.order_id AND o.is_current
    INNER JOIN unnest(v_keys, v_from, v_to) AS c (product_id, changed_from, changed_to)
        ON c.product_id = s.product_id AND o.ordered_at >= c.changed_from AND o.ordered_at < c.changed_to;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_product_days IS
'The days of the orders that have a line of a product of which these runs changed what counts';
