-- cdm.sales_in_periods(p_entity text, p_keys bigint[], p_from timestamptz[], p_to timestamptz[])
--     RETURNS TABLE (sale_id bigint, is_current boolean)
--
-- Purpose: the sales of given clients or products sold within a period each.
-- Parameters: p_entity: 'client' or 'product'; p_keys, p_from, p_to: arrays of one length, the periods half-open; NULL
--     gives none.
-- Returns: a row for each version of a sale in dds and each period that it lies in.
-- Errors: none.
-- Reads: dds.sale. Writes: nothing.
--
-- By index probes: one for each key and week of its period in which there may be sales (migrations/sql/0009_growth.sql
-- says why weeks, which are steps of 168 hours from 2000-01-01 UTC). A key whose period is all of time, as that of a
-- client who is forgotten or of a new product, so costs a probe for each week that the shop has sold. Where so many
-- probes would cost more than one pass over the sales, by that: a probe is taken for ten rows of the pass.
CREATE OR REPLACE FUNCTION cdm.sales_in_periods(
    p_entity text,
    p_keys bigint[],
    p_from timestamptz[],
    p_to timestamptz[]
)
RETURNS TABLE (sale_id bigint, is_current boolean)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_first_week timestamptz;
    v_last_week timestamptz;
    v_probes bigint;
    -- By its size, as statistics may be missing; a version takes some 120 bytes.
    v_sales CONSTANT bigint := pg_relation_size('dds.sale') / 120;
BEGIN
    SELECT
        min(date_bin('7 days', s.sold_at, timestamptz '2000-01-01 00:00:00+00')),
        max(date_bin('7 days', s.sold_at, timestamptz '2000-01-01 00:00:00+00'))
    INTO v_first_week, v_last_week
    FROM dds.sale AS s;
    IF v_first_week IS NULL THEN
        RETURN;
    END IF;
    SELECT
        sum(
            extract(
                EPOCH FROM
                greatest(least(p.to_time, v_last_week) - greatest(p.from_time, v_first_week), interval '0')
            ) / extract(EPOCH FROM interval '168 hours') + 1
        )
    INTO v_probes
    FROM unnest(p_from, p_to) AS p (from_time, to_time);

    IF v_probes * 10 > v_sales THEN
        RETURN QUERY
        SELECT s.sale_id, s.is_current
        FROM unnest(p_keys, p_from, p_to) AS p (key, from_time, to_time)
        INNER JOIN dds.sale AS s
            ON
                CASE p_entity WHEN 'client' THEN s.client_id ELSE s.product_id END = p.key
                AND s.sold_at >= p.from_time
                AND s.sold_at < p.to_time;
    ELSIF p_entity = 'client' THEN
        RETURN QUERY
        SELECT s.sale_id, s.is_current
        FROM unnest(p_keys, p_from, p_to) AS p (key, from_time, to_time)
        CROSS JOIN LATERAL generate_series(
            date_bin('7 days', greatest(p.from_time, v_first_week), timestamptz '2000-01-01 00:00:00+00'),
            date_bin('7 days', least(p.to_time, v_last_week), timestamptz '2000-01-01 00:00:00+00'),
            interval '168 hours'
        ) AS w (week)
        CROSS JOIN LATERAL (
            SELECT v.sale_id, v.is_current
            FROM dds.sale AS v
            WHERE
                date_bin('7 days', v.sold_at, timestamptz '2000-01-01 00:00:00+00') = w.week
                AND v.client_id = p.key
                AND v.sold_at >= p.from_time
                AND v.sold_at < p.to_time
            OFFSET 0
        ) AS s;
    ELSE
        RETURN QUERY
        SELECT s.sale_id, s.is_current
        FROM unnest(p_keys, p_from, p_to) AS p (key, from_time, to_time)
        CROSS JOIN LATERAL generate_series(
            date_bin('7 days', greatest(p.from_time, v_first_week), timestamptz '2000-01-01 00:00:00+00'),
            date_bin('7 days', least(p.to_time, v_last_week), timestamptz '2000-01-01 00:00:00+00'),
            interval '168 hours'
        ) AS w (week)
        CROSS JOIN LATERAL (
            SELECT v.sale_id, v.is_current
            FROM dds.sale AS v
            WHERE
                date_bin('7 days', v.sold_at, timestamptz '2000-01-01 00:00:00+00') = w.week
                AND v.product_id = p.key
                AND v.sold_at >= p.from_time
                AND v.sold_at < p.to_time
            OFFSET 0
        ) AS s;
    END IF;
END;
$body$;

COMMENT ON FUNCTION cdm.sales_in_periods IS 'The sales of given clients or products sold within a period each';
