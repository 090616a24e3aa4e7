-- sl.read_window(p_target text, p_source text, p_full boolean) RETURNS record
--
-- Purpose: tells which transactions' rows a run has to read from a source, so that none is ever missed.
-- Parameters: p_target, p_source: as in sl.watermark; p_full: read everything.
-- Returns: from_xid, to_xid: read the rows whose writing transaction lies between the two, both included;
--     next_xmin: what to record in sl.watermark.snapshot_xmin when the run is done;
--     is_full: whether the window takes in everything.
-- Errors: none.
-- Reads: sl.watermark. Writes: nothing.
--
-- A transaction that was running at the last run's snapshot has an id that is not below that snapshot's xmin, so the
-- rows from xmin on hold all that has become visible since (and some that were seen, which fall out on comparison).
-- The upper end is the newest id that may be visible; what commits later is not below next_xmin and is read next time.
-- It matters in a restored dump alone, whose rows may carry ids this server has yet to give out. There the recorded
-- xmin lies above the server's next id, and everything is compared once.
CREATE OR REPLACE FUNCTION sl.read_window(
    p_target text,
    p_source text,
    p_full boolean,
    OUT from_xid bigint,
    OUT to_xid bigint,
    OUT next_xmin bigint,
    OUT is_full boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_next_xid bigint;
BEGIN
    SELECT
        pg_snapshot_xmin(s.snapshot)::text::bigint,
        greatest(pg_snapshot_xmax(s.snapshot)::text::bigint, pg_current_xact_id()::text::bigint + 1)
    INTO next_xmin, v_next_xid
    FROM (SELECT pg_current_snapshot() AS snapshot) AS s;

    SELECT w.snapshot_xmin
    INTO from_xid
    FROM sl.watermark AS w
    WHERE w.target = p_target AND w.source = p_source;

    to_xid := v_next_xid - 1;
    is_full := p_full OR from_xid IS NULL OR from_xid > v_next_xid;
    IF is_full THEN
        from_xid := 0;
        to_xid := 9223372036854775807;
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl.read_window IS 'Which transactions'' rows a run has to read from a source';
