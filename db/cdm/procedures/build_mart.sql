-- cdm.build_mart(p_full boolean DEFAULT false)
--
-- Purpose: brings cdm.sales_mart up to dds: the sales that changed, and those whose client or product history changed
--     under them. A new version is written only where the image differs.
-- Parameters: p_full: compare every sale (default false).
-- Returns: one row: run_id, rows_read (sales looked at), rows_inserted (first versions, and sales that came back),
--     rows_corrected (a new version in place of another), rows_deleted, rows_unchanged, rows_rejected (always 0).
-- Errors: TS001 another run on cdm.sales_mart is in progress; TS005 somebody else holds a lock for longer than
--     lock_timeout.
-- Reads: dds.sale, dds.client, dds.product (through cdm.sales_mart_image), sl.run, sl.tombstone, sl.changed_period,
--     sl.watermark. Writes: cdm.sales_mart, sl.changed_period and sl.run (what it has taken up), sl.watermark.
--
-- Versions are in knowledge time: valid_from is the run's clock (sl.run.started_at), so that
-- WHERE valid_from <= T AND T < valid_to gives what was reported at T.
-- What is new is told by sl.run.taken_up_by: a load that began earlier and commits later than a build is taken up by
-- the next one.
CREATE OR REPLACE PROCEDURE cdm.build_mart(
    p_full boolean DEFAULT false,
    INOUT run_id bigint DEFAULT NULL,
    INOUT rows_read bigint DEFAULT NULL,
    INOUT rows_inserted bigint DEFAULT NULL,
    INOUT rows_corrected bigint DEFAULT NULL,
    INOUT rows_deleted bigint DEFAULT NULL,
    INOUT rows_unchanged bigint DEFAULT NULL,
    INOUT rows_rejected bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
    c_target CONSTANT text := 'cdm.sales_mart';
    c_sources CONSTANT text [] := ARRAY['dds.client', 'dds.product', 'dds.sale'];
    v_run_id bigint;
    v_known_at timestamptz;
    v_full boolean;
    v_new_runs bigint [];
    v_context text;
BEGIN
    PERFORM sl.bound_lock_wait();
    BEGIN
        v_run_id := sl.begin_run('cdm.build_mart', c_target);
        SELECT r.started_at INTO v_known_at FROM sl.run AS r WHERE r.run_id = v_run_id;

        -- A load and its row in sl.run commit together, so these are exactly the loads not taken up yet.
        v_new_runs := ARRAY(
            SELECT r.run_id
            FROM sl.run AS r
            WHERE r.target = ANY (c_sources) AND r.status = 'succeeded' AND r.taken_up_by IS NULL
        );
        v_full := p_full
            OR NOT EXISTS (SELECT FROM sl.watermark AS w WHERE w.target = c_target)
            OR EXISTS (SELECT FROM sl.changed_period AS p WHERE p.run_id = ANY (v_new_runs) AND p.entity_key IS NULL);

        PERFORM sl.drop_working_set();
        CREATE TEMPORARY TABLE mart_key (sale_id bigint NOT NULL) ON COMMIT DROP;
        IF v_full THEN
            INSERT INTO pg_temp.mart_key (sale_id)
            SELECT s.sale_id FROM dds.sale AS s WHERE s.is_current
            UNION
            SELECT m.sale_id FROM cdm.sales_mart AS m WHERE m.is_current;
        ELSIF v_new_runs <> '{}' THEN
            INSERT INTO pg_temp.mart_key (sale_id)
            SELECT s.sale_id
            FROM dds.sale AS s
            WHERE s.run_id = ANY (v_new_runs)
            UNION
            SELECT x.entity_key::bigint
            FROM sl.tombstone AS x
            WHERE x.entity_name = 'sale' AND x.run_id = ANY (v_new_runs)
            UNION
            SELECT s.sale_id
            FROM sl.changed_period AS p
            INNER JOIN dds.sale AS s
                ON s.client_id = p.entity_key::bigint AND s.sold_at >= p.changed_from AND s.sold_at < p.changed_to
            WHERE p.entity_name = 'client' AND p.run_id = ANY (v_new_runs) AND s.is_current
            UNION
            SELECT s.sale_id
            FROM sl.changed_period AS p
            INNER JOIN dds.sale AS s
                ON s.product_id = p.entity_key::bigint AND s.sold_at >= p.changed_from AND s.sold_at < p.changed_to
            WHERE p.entity_name = 'product' AND p.run_id = ANY (v_new_runs) AND s.is_current;
        END IF;
        ANALYZE pg_temp.mart_key;

        CREATE TEMPORARY TABLE mart_change ON COMMIT DROP AS
        SELECT
            k.sale_id AS mart_sale_id,
            coalesce(m.version_no, 0) AS last_version_no,
            CASE
                WHEN i.sale_id IS NULL AND m.is_current THEN 'deleted'
                WHEN i.sale_id IS NULL THEN 'unchanged'
                WHEN m.is_current IS NOT TRUE THEN 'inserted'
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
        FROM pg_temp.mart_key AS k
        LEFT JOIN cdm.sales_mart_image AS i ON i.sale_id = k.sale_id
        LEFT JOIN LATERAL (
            SELECT v.*
            FROM cdm.sales_mart AS v
            WHERE v.sale_id = k.sale_id
            ORDER BY v.version_no DESC
            LIMIT 1
        ) AS m ON true;
        ANALYZE pg_temp.mart_change (mart_sale_id, outcome);

        UPDATE cdm.sales_mart AS m
        SET valid_to = v_known_at, is_current = false, run_id = v_run_id
        FROM pg_temp.mart_change AS c
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
            v_known_at, v_run_id
        FROM pg_temp.mart_change AS c
        WHERE c.outcome IN ('inserted', 'corrected');

        UPDATE sl.run AS r SET taken_up_by = v_run_id WHERE r.run_id = ANY (v_new_runs);
        DELETE FROM sl.changed_period AS p WHERE p.run_id = ANY (v_new_runs);
        PERFORM sl.write_watermark(
            c_target, w.target, w.high_updated_at, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, v_run_id
        )
        FROM sl.watermark AS w
        WHERE w.target = ANY (c_sources);

        SELECT
            count(*),
            count(*) FILTER (WHERE c.outcome = 'inserted'),
            count(*) FILTER (WHERE c.outcome = 'corrected'),
            count(*) FILTER (WHERE c.outcome = 'deleted'),
            count(*) FILTER (WHERE c.outcome = 'unchanged'),
            0
        INTO rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected
        FROM pg_temp.mart_change AS c;
        run_id := v_run_id;
        PERFORM sl.finish_run(
            run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected, v_full
        );
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl.raise_lock_timeout('cdm.build_mart', v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE cdm.build_mart IS 'Brings cdm.sales_mart up to dds; a new version only where the image differs';
