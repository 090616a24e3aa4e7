-- cdm.touched_product_days(p_runs bigint[], p_entities text[], p_unit text, p_known date[])
--     RETURNS TABLE (sold_on date)
--
-- Purpose: the days of the orders that have a line of a product of which loads changed what counts as of the order: the
--     version of the product, or that of its category.
-- Parameters: p_runs: runs on the tables of dds; p_entities: product, category or both; p_unit: day or month: by what
--     the mart groups; p_known: the first days of the groups that are touched anyway.
-- Returns: each day once. No day where all groups of a change are known. Every day where a run loaded a whole
--     dimension.
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
    v_step CONSTANT interval := ('1 ' || p_unit)::interval;
    v_first date;
    v_last date;
    v_keys bigint [];
    v_from timestamptz [];
    v_to timestamptz [];
    v_products bigint [];
BEGIN
    IF
        NOT EXISTS (
            SELECT
            FROM sl.changed_period AS c
            WHERE c.run_id = ANY (p_runs) AND c.entity_name = ANY (p_entities)
        )
    THEN
        RETURN;
    END IF;
    SELECT
        min((o.ordered_at AT TIME ZONE 'Europe/Moscow')::date),
        max((o.ordered_at AT TIME ZONE 'Europe/Moscow')::date)
    INTO v_first, v_last
    FROM dds.sales_order AS o;
    IF
        EXISTS (
            SELECT
            FROM sl.changed_period AS c
            WHERE c.run_id = ANY (p_runs) AND c.entity_name = ANY (p_entities) AND c.entity_key IS NULL
        )
    THEN
        RETURN QUERY
        SELECT d.day::date
        FROM generate_series(v_first, v_last, interval '1 day') AS d (day);
        RETURN;
    END IF;
    WITH change AS (
        SELECT c.entity_key::bigint AS product_id, c.changed_from, c.changed_to
        FROM sl.changed_period AS c
        WHERE c.run_id = ANY (p_runs) AND c.entity_name = 'product' AND 'product' = ANY (p_entities)
        UNION
        SELECT v.product_id, c.changed_from, c.changed_to
        FROM sl.changed_period AS c
        INNER JOIN dds.product AS v ON v.category_id = c.entity_key::bigint
        WHERE c.run_id = ANY (p_runs) AND c.entity_name = 'category' AND 'category' = ANY (p_entities)
    ),
    unknown AS (
        SELECT g.day::date AS begins_on, (g.day + v_step)::date AS ends_before
        FROM generate_series(date_trunc(p_unit, v_first::timestamp), v_last::timestamp, v_step) AS g (day)
        WHERE g.day::date <> ALL (p_known)
    ),
    -- Products change together: far fewer periods than products.
    concerned AS (
        SELECT p.from_day, p.to_day
        FROM (
            SELECT DISTINCT
                (c.changed_from AT TIME ZONE 'Europe/Moscow')::date AS from_day,
                (c.changed_to AT TIME ZONE 'Europe/Moscow')::date AS to_day
            FROM change AS c
        ) AS p
        WHERE EXISTS (SELECT FROM unknown AS u WHERE u.begins_on <= p.to_day AND u.ends_before > p.from_day)
    )

    SELECT array_agg(c.product_id), array_agg(c.changed_from), array_agg(c.changed_to)
    INTO v_keys, v_from, v_to
    FROM change AS c
    INNER JOIN concerned AS p
        ON
            p.from_day = (c.changed_from AT TIME ZONE 'Europe/Moscow')::date
            AND p.to_day = (c.changed_to AT TIME ZONE 'Europe/Moscow')::date;
    IF v_keys IS NULL THEN
        RETURN;
    END IF;
    v_products := ARRAY(SELECT DISTINCT u.key FROM unnest(v_keys) AS u (key));
    RETURN QUERY
    SELECT DISTINCT (o.ordered_at AT TIME ZONE 'Europe/Moscow')::date
    FROM cdm.sales_in_periods(
        'product',
        v_products,
        array_fill(timestamptz '-infinity', ARRAY[cardinality(v_products)]),
        array_fill(timestamptz 'infinity', ARRAY[cardinality(v_products)])
    ) AS k
    CROSS JOIN LATERAL (
        SELECT v.product_id, v.order_id
        FROM dds.sale AS v
        WHERE v.sale_id = k.sale_id AND v.is_current
        OFFSET 0
    ) AS s
    CROSS JOIN LATERAL (
        SELECT v.ordered_at
        FROM dds.sales_order AS v
        WHERE v.order_id = s.order_id AND v.is_current
        OFFSET 0
    ) AS o
    INNER JOIN unnest(v_keys, v_from, v_to) AS c (product_id, changed_from, changed_to)
        ON c.product_id = s.product_id AND o.ordered_at >= c.changed_from AND o.ordered_at < c.changed_to
    WHERE k.is_current;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_product_days IS
'The days of the orders that have a line of a product of which these runs changed what counts';
