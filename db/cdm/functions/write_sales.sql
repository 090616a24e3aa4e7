-- cdm.write_sales(p_run_id bigint) RETURNS record
--
-- Purpose: brings the mart rows of the sales in pg_temp._cdm_key up to their images. A new version is written only
--     where the image differs.
-- Parameters: p_run_id: the run that writes; its clock (sl.run.started_at) is the versions' valid_from.
-- Returns: rows_read (the keys), rows_inserted (first versions, and sales that came back), rows_corrected (a new
--     version in place of another), rows_deleted, rows_unchanged.
-- Errors: none.
-- Reads: pg_temp._cdm_key (sale_id bigint, each once), cdm.sales_mart, cdm.sales_mart_image, sl.run.
-- Writes: cdm.sales_mart, pg_temp._cdm_change.
--
-- Sales that the mart has never seen, which nearly all of a day's are, go straight into it; the others are compared
-- first. What is known of a sale is fetched by an index probe, and its image by others (OFFSET 0): a plan that turns
-- neither into a scan as tables grow nor into images of sales that are not compared. A join would be planned as one of
-- all sales there are, where a day is a tenth of them, and so cost more each day.
CREATE OR REPLACE FUNCTION cdm.write_sales(
    p_run_id bigint,
    OUT rows_read bigint,
    OUT rows_inserted bigint,
    OUT rows_corrected bigint,
    OUT rows_deleted bigint,
    OUT rows_unchanged bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    v_known_at timestamptz := (SELECT r.started_at FROM sl.run AS r WHERE r.run_id = p_run_id);
    v_new bigint;
BEGIN
    CREATE TEMPORARY TABLE _cdm_change ON COMMIT DROP AS
    SELECT
        k.sale_id AS mart_sale_id,
        m.version_no AS last_version_no,
        CASE
            WHEN i.sale_id IS NULL AND m.is_current THEN 'deleted'
            WHEN i.sale_id IS NULL THEN 'unchanged'
            WHEN NOT m.is_current THEN 'inserted'
            WHEN
                m.order_id IS DISTINCT FROM i.order_id
                OR m.sold_at IS DISTINCT FROM i.sold_at
                OR m.client_id IS DISTINCT FROM i.client_id
                OR m.client_sk IS DISTINCT FROM i.client_sk
                OR m.client IS DISTINCT FROM i.client
                OR m.client_age IS DISTINCT FROM i.client_age
                OR m.product_id IS DISTINCT FROM i.product_id
                OR m.product_sk IS DISTINCT FROM i.product_sk
                OR m.product IS DISTINCT FROM i.product
                OR m.category IS DISTINCT FROM i.category
                OR m.size IS DISTINCT FROM i.size
                OR m.price IS DISTINCT FROM i.price
                OR m.quantity IS DISTINCT FROM i.quantity
                OR m.total_amount IS DISTINCT FROM i.total_amount THEN 'corrected'
            ELSE 'unchanged'
        END AS outcome,
        i.*
    FROM pg_temp._cdm_key AS k
    CROSS JOIN LATERAL (
        SELECT v.*
        FROM cdm.sales_mart AS v
        WHERE v.sale_id = k.sale_id
        ORDER BY v.version_no DESC
        LIMIT 1
    ) AS m
    LEFT JOIN LATERAL (
        SELECT v.* FROM cdm.sales_mart_image AS v WHERE v.sale_id = m.sale_id OFFSET 0
    ) AS i ON true;
    ANALYZE pg_temp._cdm_change (mart_sale_id, outcome);

    UPDATE cdm.sales_mart AS m
    SET valid_to = v_known_at, is_current = false, run_id = p_run_id
    FROM pg_temp._cdm_change AS c
    WHERE
        c.outcome IN ('corrected', 'deleted')
        AND m.sale_id = c.mart_sale_id
        AND m.version_no = c.last_version_no;

    INSERT INTO cdm.sales_mart (
        sale_id, version_no, order_id, sold_at, client_id, client_sk, client, client_age,
        product_id, product_sk, product, category, size, price, quantity, total_amount, valid_from, run_id
    )
    SELECT
        c.sale_id, c.last_version_no + 1, c.order_id, c.sold_at, c.client_id, c.client_sk, c.client, c.client_age,
        c.product_id, c.product_sk, c.product, c.category, c.size, c.price, c.quantity, c.total_amount,
        v_known_at, p_run_id
    FROM pg_temp._cdm_change AS c
    WHERE c.outcome IN ('inserted', 'corrected');

    INSERT INTO cdm.sales_mart (
        sale_id, version_no, order_id, sold_at, client_id, client_sk, client, client_age,
        product_id, product_sk, product, category, size, price, quantity, total_amount, valid_from, run_id
    )
    SELECT
        i.sale_id, 1, i.order_id, i.sold_at, i.client_id, i.client_sk, i.client, i.client_age,
        i.product_id, i.product_sk, i.product, i.category, i.size, i.price, i.quantity, i.total_amount,
        v_known_at, p_run_id
    FROM pg_temp._cdm_key AS k
    CROSS JOIN LATERAL (
        SELECT v.* FROM cdm.sales_mart_image AS v WHERE v.sale_id = k.sale_id OFFSET 0
    ) AS i
    WHERE NOT EXISTS (SELECT FROM pg_temp._cdm_change AS c WHERE c.mart_sale_id = k.sale_id);
    GET DIAGNOSTICS v_new = ROW_COUNT;

    SELECT
        v_new + count(*) FILTER (WHERE c.outcome = 'inserted'),
        count(*) FILTER (WHERE c.outcome = 'corrected'),
        count(*) FILTER (WHERE c.outcome = 'deleted')
    INTO rows_inserted, rows_corrected, rows_deleted
    FROM pg_temp._cdm_change AS c;
    rows_read := (SELECT count(*) FROM pg_temp._cdm_key);
    rows_unchanged := rows_read - rows_inserted - rows_corrected - rows_deleted;
    DROP TABLE pg_temp._cdm_change;
END;
$body$;

COMMENT ON FUNCTION cdm.write_sales IS 'Brings the mart rows of given sales up to their images';
