-- cdm.find_violations(p_runs bigint[] DEFAULT NULL, p_slice_rows bigint DEFAULT 500000)
--     RETURNS TABLE (check_name text, violations bigint, example text)
--
-- Purpose: checks cdm.sales_mart against the invariants that docs/history.md lists.
-- Parameters: p_runs: check only the sales that these runs of dds and cdm touched, NULL for all; p_slice_rows: how many
--     rows of the mart are looked at in one go where all are, above zero.
-- Returns: a row for each broken check of a slice: how many rows or sales break it, and the sale_id of one.
-- Errors: 2201X p_slice_rows is not above zero.
-- Reads: cdm.sales_mart, cdm.sales_mart_image, sl.run, and through cdm.touched_sales dds.
-- Writes: nothing.
--
-- image_differs leaves out the sales touched by loads that no build has taken up yet (sl.run.taken_up_by): there the
-- mart is behind, not wrong. Which these are is asked only if something differs, and once for up to a million of such
-- sales. What is known of given sales is fetched by an index probe each, in the order of their keys, in which
-- neighbours lie on the same pages; OFFSET 0 keeps the planner from scanning whole tables. All there is is looked at in
-- slices of sales, as in sl.find_violations, each of which has no more than p_slice_rows rows of dds.sale either.
CREATE OR REPLACE FUNCTION cdm.find_violations(p_runs bigint[] DEFAULT NULL, p_slice_rows bigint DEFAULT 500000)
RETURNS TABLE (check_name text, violations bigint, example text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
DECLARE
    v_first bigint := -9223372036854775808;
    v_last bigint;
    v_next bigint;
    v_slices bigint := 0;
    v_found record;
    v_differing bigint [] := '{}';
BEGIN
    LOOP
        IF p_runs IS NULL THEN
            v_next := least(
                (
                    SELECT m.sale_id
                    FROM cdm.sales_mart AS m
                    WHERE m.sale_id > v_first
                    ORDER BY m.sale_id
                    OFFSET p_slice_rows - 1
                    LIMIT 1
                ),
                (
                    SELECT s.sale_id
                    FROM dds.sale AS s
                    WHERE s.sale_id > v_first
                    ORDER BY s.sale_id
                    OFFSET p_slice_rows - 1
                    LIMIT 1
                )
            );
        END IF;
        v_last := coalesce(v_next - 1, 9223372036854775807);
        FOR v_found IN
        WITH touched AS MATERIALIZED (
            SELECT t.sale_id FROM cdm.touched_sales(p_runs) AS t WHERE p_runs IS NOT NULL ORDER BY t.sale_id
        ),
        -- Asked twice, which costs less than to write it down.
        mart AS NOT MATERIALIZED (
            SELECT m.*
            FROM cdm.sales_mart AS m
            WHERE p_runs IS NULL AND m.sale_id BETWEEN v_first AND v_last
            UNION ALL
            SELECT m.*
            FROM touched AS k
            CROSS JOIN LATERAL (SELECT * FROM cdm.sales_mart AS v WHERE v.sale_id = k.sale_id OFFSET 0) AS m
        ),
        image AS (
            SELECT i.*
            FROM cdm.sales_mart_image AS i
            WHERE p_runs IS NULL AND i.sale_id BETWEEN v_first AND v_last
            UNION ALL
            SELECT i.*
            FROM touched AS k
            CROSS JOIN LATERAL (SELECT * FROM cdm.sales_mart_image AS v WHERE v.sale_id = k.sale_id OFFSET 0) AS i
        ),
        version AS (
            SELECT
                m.sale_id,
                m.version_no,
                m.valid_from,
                m.valid_to,
                m.is_current,
                lead(m.valid_from) OVER w AS next_from,
                row_number() OVER w AS expected_no
            FROM mart AS m
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
            FROM (SELECT * FROM mart WHERE is_current) AS m
            FULL JOIN image AS i ON i.sale_id = m.sale_id
            WHERE
                (
                    m.sale_id, m.order_id, m.sold_at, m.client_id, m.client_sk, m.client, m.client_age,
                    m.product_id, m.product_sk, m.product, m.category, m.size, m.price, m.quantity, m.total_amount
                ) IS DISTINCT FROM (
                    i.sale_id, i.order_id, i.sold_at, i.client_id, i.client_sk, i.client, i.client_age,
                    i.product_id, i.product_sk, i.product, i.category, i.size, i.price, i.quantity, i.total_amount
                )
        )
        SELECT
            f.check_name,
            count(*) AS violations,
            min(f.sale_id)::text AS example,
            array_agg(f.sale_id) FILTER (WHERE f.check_name = 'image_differs') AS differing
        FROM finding AS f
        GROUP BY f.check_name
        LOOP
            v_differing := v_differing || v_found.differing;
            CONTINUE WHEN v_found.differing IS NOT NULL;
            check_name := v_found.check_name;
            violations := v_found.violations;
            example := v_found.example;
            RETURN NEXT;
        END LOOP;
        IF v_next IS NULL OR cardinality(v_differing) >= 1000000 THEN
            RETURN QUERY
            SELECT
                'image_differs',
                count(*),
                min(d.sale_id)::text
            FROM unnest(v_differing) AS d (sale_id)
            WHERE
                d.sale_id NOT IN (
                    SELECT t.sale_id
                    FROM cdm.touched_sales(
                        ARRAY(
                            SELECT r.run_id
                            FROM sl.run AS r
                            WHERE
                                r.target IN ('dds.client', 'dds.product', 'dds.sale')
                                AND r.status = 'succeeded'
                                AND r.taken_up_by IS NULL
                        )
                    ) AS t
                )
            HAVING count(*) > 0;
            v_differing := '{}';
        END IF;
        EXIT WHEN v_next IS NULL;
        v_slices := v_slices + 1;
        RAISE NOTICE 'sl.audit: cdm.sales_mart: % rows looked at', v_slices * p_slice_rows;
        v_first := v_next;
    END LOOP;
END;
$body$;

COMMENT ON FUNCTION cdm.find_violations IS 'Checks the mart against the invariants';
