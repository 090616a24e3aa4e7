-- cdm.touched_months_of_users(p_runs bigint[]) RETURNS TABLE (order_month date)
--
-- Purpose: the months whose rows of cdm.user_sales depend on what these loads wrote.
-- Parameters: p_runs: runs on the tables of dds; NULL gives none.
-- Returns: the months of the orders that the runs wrote, as they are and as they were, and of the orders whose client
--     the runs changed as of their time. Every month of an order where a run loaded all clients.
-- Errors: none.
-- Reads: as cdm.touched_order_days; dds.sales_order, sl.changed_period, sl.erasure. Writes: nothing.
--
-- By an index probe for each changed client and month in which there are orders (sales_order_month_client_idx). Where
-- so many would cost more than one pass over the orders, all these months count.
CREATE OR REPLACE FUNCTION cdm.touched_months_of_users(p_runs bigint[])
RETURNS TABLE (order_month date)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_first_month date;
    v_last_month date;
    v_probes bigint;
    v_known CONSTANT date [] := ARRAY(
        SELECT DISTINCT date_trunc('month', d.sold_on)::date
        FROM cdm.touched_order_days(p_runs, ARRAY['sales_order']) AS d
    );
    -- By its size, as statistics may be missing; a version takes some 140 bytes.
    v_orders CONSTANT bigint := pg_relation_size('dds.sales_order') / 140;
BEGIN
    SELECT
        min(date_trunc('month', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date),
        max(date_trunc('month', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date)
    INTO v_first_month, v_last_month
    FROM dds.sales_order AS o;
    RETURN QUERY
    SELECT k.month
    FROM unnest(v_known) AS k (month);
    IF v_first_month IS NULL THEN
        RETURN;
    END IF;

    -- Of a period and a month at most 31 days beside it: a month too many costs a probe.
    SELECT sum(greatest((p.to_month - p.from_month) / 28 + 1, 0))
    INTO v_probes
    FROM (
        SELECT
            greatest((c.changed_from AT TIME ZONE 'Europe/Moscow')::date, v_first_month) AS from_month,
            least((c.changed_to AT TIME ZONE 'Europe/Moscow')::date, v_last_month) AS to_month
        FROM sl.changed_period AS c
        WHERE c.run_id = ANY (p_runs) AND c.entity_name = 'client' AND c.entity_key IS NOT NULL
    ) AS p;
    IF
        v_probes * 4 > v_orders
        OR EXISTS (
            SELECT
            FROM sl.changed_period AS c
            WHERE c.run_id = ANY (p_runs) AND c.entity_name = 'client' AND c.entity_key IS NULL
        )
    THEN
        RETURN QUERY
        SELECT DISTINCT m.month::date
        FROM sl.changed_period AS c
        CROSS JOIN LATERAL generate_series(
            date_trunc('month', greatest((c.changed_from AT TIME ZONE 'Europe/Moscow')::date, v_first_month)),
            date_trunc('month', least((c.changed_to AT TIME ZONE 'Europe/Moscow')::date, v_last_month)),
            interval '1 month'
        ) AS m (month)
        WHERE c.run_id = ANY (p_runs) AND c.entity_name = 'client';
    ELSIF v_probes > 0 THEN
        RETURN QUERY
        SELECT DISTINCT m.month::date
        FROM sl.changed_period AS c
        CROSS JOIN LATERAL generate_series(
            date_trunc('month', greatest((c.changed_from AT TIME ZONE 'Europe/Moscow')::date, v_first_month)),
            date_trunc('month', least((c.changed_to AT TIME ZONE 'Europe/Moscow')::date, v_last_month)),
            interval '1 month'
        ) AS m (month)
        CROSS JOIN LATERAL (
            SELECT
            FROM dds.sales_order AS o
            WHERE
                date_trunc('month', o.ordered_at AT TIME ZONE 'Europe/Moscow')::date = m.month::date
                AND o.client_id = c.entity_key::bigint
                AND o.ordered_at >= c.changed_from
                AND o.ordered_at < c.changed_to
            LIMIT 1
        ) AS found
        WHERE
            c.run_id = ANY (p_runs)
            AND c.entity_name = 'client'
            AND m.month::date <> ALL (v_known)
            -- Forgetting a client changes no loyalty status.
            AND c.run_id NOT IN (SELECT e.run_id FROM sl.erasure AS e WHERE e.run_id = ANY (p_runs));
    END IF;
END;
$body$;

COMMENT ON FUNCTION cdm.touched_months_of_users IS
'The months whose rows of cdm.user_sales depend on what these runs wrote';
