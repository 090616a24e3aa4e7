-- cdm.backfill_mart(p_slice_rows bigint DEFAULT 500000)
--
-- Purpose: brings cdm.sales_mart up to dds in slices of sale_id, each a transaction and a run of its own: a first build
--     or a rebuild so large that an interruption must not throw it away. It ends as
--     cdm.build_mart(p_full => true) does.
-- Parameters: p_slice_rows: versions of sales in dds a slice (default 500000), of one that is begun anew.
-- Returns: nothing; each slice writes a row of sl.run and says in a NOTICE how far it is, sl.status_backfill shows it.
-- Errors: 2D000 it is called within a transaction; 22023 p_slice_rows is not above zero; TS001 another run on
--     cdm.sales_mart is in progress; TS005 somebody else holds a lock for longer than lock_timeout. What the slices
--     before have done stays.
-- Reads and writes: as sl.begin_backfill, cdm.build_slice and sl.finish_backfill.
--
-- Only the owner may call it. ClickHouse pulls by run_id and goes on after the greatest it has published, so the runs
-- on the mart have to commit in the order of their numbers: each slice takes the target's lock for itself alone before
-- it is given a number, and lets go of it when it has committed. Of two sessions one ends with TS001.
-- Called again after whatever ended it, it goes on; after its end, it begins anew. The loads that were there when it
-- began are taken up at its end; what others change meanwhile, the next build takes up. A build in between does all
-- that is due, the whole where the mart was never built, and leaves nothing to do to the slices after it.
--
-- A procedure that commits can have no SET clause: see sl.backfill.
CREATE OR REPLACE PROCEDURE cdm.backfill_mart(p_slice_rows bigint DEFAULT 500000)
LANGUAGE plpgsql
AS $body$
BEGIN
    PERFORM sl.begin_backfill(
        'cdm.backfill_mart', 'cdm.sales_mart', '{dds.client,dds.product,dds.sale}', 'dds.sale', 'sale_id', p_slice_rows
    );
    COMMIT;
    WHILE cdm.build_slice() LOOP
        COMMIT;
    END LOOP;
END;
$body$;

COMMENT ON PROCEDURE cdm.backfill_mart IS 'Brings cdm.sales_mart up to dds in slices that each commit';
