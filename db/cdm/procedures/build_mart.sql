-- cdm.build_mart(p_full boolean DEFAULT false)
--
-- Purpose: brings cdm.sales_mart up to dds: the sales that changed, and those whose client or product history changed
--     under them. A new version is written only where the image differs.
-- Parameters: p_full: compare every sale (default false).
-- Returns: one row: run_id, rows_read (sales looked at), rows_inserted (first versions, and sales that came back),
--     rows_corrected (a new version in place of another), rows_deleted, rows_unchanged, rows_rejected (always 0).
-- Errors: TS001 another run on cdm.sales_mart is in progress; TS005 somebody else holds a lock for longer than
--     lock_timeout.
-- Reads: dds.sale, dds.client, dds.product (through cdm.sales_mart_image), sl.run, sl.watermark, and through
--     cdm.touched_sales sl.tombstone, sl.changed_period, sl.erasure.
-- Writes: cdm.sales_mart (cdm.write_sales), sl.run (what it has taken up), sl.watermark.
--
-- Versions are in knowledge time: valid_from is the run's clock (sl.run.started_at), so that
-- WHERE valid_from <= T AND T < valid_to gives what was reported at T.
-- What is new is told by sl.run.taken_up_by: a load that began earlier and commits later than a build is taken up by
-- the next one. What a load noted in sl.changed_period stays for the audit.
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
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_target CONSTANT text := 'cdm.sales_mart';
    c_sources CONSTANT text [] := ARRAY['dds.client', 'dds.product', 'dds.sale'];
    v_run_id bigint;
    v_full boolean;
    v_new_runs bigint [];
    v_context text;
BEGIN
    PERFORM sl.bound_lock_wait();
    BEGIN
        v_run_id := sl.begin_run('cdm.build_mart', c_target);

        -- A load and its row in sl.run commit together, so these are exactly the loads not taken up yet.
        v_new_runs := ARRAY(
            SELECT r.run_id
            FROM sl.run AS r
            WHERE r.target = ANY (c_sources) AND r.status = 'succeeded' AND r.taken_up_by IS NULL
        );
        v_full := p_full
            OR NOT EXISTS (SELECT FROM sl.watermark AS w WHERE w.target = c_target)
            OR EXISTS (SELECT FROM sl.changed_period AS p WHERE p.run_id = ANY (v_new_runs) AND p.entity_key IS NULL);

        CREATE TEMPORARY TABLE _cdm_key (sale_id bigint NOT NULL) ON COMMIT DROP;
        -- In order, so that what is read and written lies together.
        IF v_full THEN
            INSERT INTO pg_temp._cdm_key (sale_id)
            SELECT s.sale_id FROM dds.sale AS s WHERE s.is_current
            UNION
            SELECT m.sale_id FROM cdm.sales_mart AS m WHERE m.is_current
            ORDER BY 1;
        ELSIF v_new_runs <> '{}' THEN
            INSERT INTO pg_temp._cdm_key (sale_id)
            SELECT t.sale_id FROM cdm.touched_sales(v_new_runs) AS t
            ORDER BY t.sale_id;
        END IF;
        ANALYZE pg_temp._cdm_key;

        SELECT w.* INTO rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged
        FROM cdm.write_sales(v_run_id) AS w;
        rows_rejected := 0;

        UPDATE sl.run AS r SET taken_up_by = v_run_id WHERE r.run_id = ANY (v_new_runs);
        PERFORM sl.write_watermark(
            c_target, w.target, w.high_updated_at, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, v_run_id
        )
        FROM sl.watermark AS w
        WHERE w.target = ANY (c_sources);

        run_id := v_run_id;
        PERFORM sl.finish_run(
            run_id, rows_read, rows_inserted, rows_corrected, rows_deleted, rows_unchanged, rows_rejected, v_full
        );
        -- Not left to the commit: the transaction may hold another run.
        DROP TABLE pg_temp._cdm_key;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl.raise_lock_timeout('cdm.build_mart', v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE cdm.build_mart IS 'Brings cdm.sales_mart up to dds; a new version only where the image differs';
