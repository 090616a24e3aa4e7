-- cdm.build_slice() RETURNS boolean
--
-- Purpose: the part of cdm.backfill_mart that is one transaction: brings the sales of the next slice up to their
--     images, or finishes the backfill where no slice is left.
-- Parameters: none.
-- Returns: whether there was a slice.
-- Errors: TS001 another run on cdm.sales_mart is in progress; TS005 somebody else holds a lock for longer than
--     lock_timeout.
-- Reads: dds.sale, dds.client, dds.product (through cdm.sales_mart_image). Writes: cdm.sales_mart (cdm.write_sales),
--     sl.run, sl.backfill_slice, and as sl.finish_backfill.
--
-- No merge joins: one would read an index of all sales from its start to the slice.
CREATE OR REPLACE FUNCTION cdm.build_slice()
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
SET enable_mergejoin = off
AS $body$
DECLARE
    c_procedure CONSTANT text := 'cdm.backfill_mart';
    c_target CONSTANT text := 'cdm.sales_mart';
    v_slice sl.backfill_slice := sl.next_slice(c_target);
    v_run_id bigint;
    v_done record;
    v_context text;
BEGIN
    IF v_slice.slice_no IS NULL THEN
        PERFORM sl.finish_backfill(c_procedure, c_target);
        RETURN false;
    END IF;
    PERFORM sl.bound_lock_wait();
    BEGIN
        v_run_id := sl.begin_run(c_procedure, c_target, p_is_patient => true);
        CREATE TEMPORARY TABLE _cdm_key (sale_id bigint NOT NULL) ON COMMIT DROP;
        -- In order, so that what is read and written lies together.
        EXECUTE format(
            'INSERT INTO pg_temp._cdm_key (sale_id) SELECT sale_id FROM dds.sale WHERE is_current AND %1$s '
            'UNION SELECT sale_id FROM cdm.sales_mart WHERE is_current AND %1$s ORDER BY 1',
            sl.slice_condition(v_slice, 'sale_id', 'bigint')
        );
        ANALYZE pg_temp._cdm_key;

        v_done := cdm.write_sales(v_run_id);
        PERFORM sl.finish_run(
            v_run_id, v_done.rows_read, v_done.rows_inserted, v_done.rows_corrected, v_done.rows_deleted,
            v_done.rows_unchanged, 0, true
        );
        PERFORM sl.finish_slice(v_slice, v_run_id, NULL);
        DROP TABLE pg_temp._cdm_key;
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl.raise_lock_timeout(c_procedure, v_context);
    END;
    RETURN true;
END;
$body$;

COMMENT ON FUNCTION cdm.build_slice IS 'Brings the next slice of the mart''s backfill up to dds, or finishes it';
