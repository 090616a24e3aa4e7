-- sl._read_window(p_target text, p_source text, p_full boolean) RETURNS record
--
-- Purpose: tells which transactions' rows a run has to read from a source, so that none is ever missed.
-- Parameters: p_target, p_source: as in sl.watermark; p_full: read everything.
-- Returns: from_xid, to_xid: read the rows whose writing transaction lies between the two, both included;
--     next_xmin: what to record in sl.watermark.snapshot_xmin when the run is done;
--     is_full: whether the window takes in everything;
--     is_seen: SQL condition on s.changed_xid: the transaction had committed, or is this one. The run reads in several
--     statements, and what commits between them is the next run's, with what it kept aside.
-- Errors: none.
-- Reads: sl.watermark. Writes: nothing.
--
-- A transaction that was running at the last run's snapshot has an id that is not below that snapshot's xmin, so the
-- rows from xmin on hold all that has become visible since (and some that were seen, which fall out on comparison).
-- What commits after this call is not below next_xmin and is read next time.
--
-- In a restored dump ids start again from the beginning. The cluster's identifier, or a recorded xmin above the
-- server's next id, shows it, and everything is compared once. Rows may then carry ids this server has yet to give out:
-- to_xid, the newest that may be visible, keeps them out until the server's ids reach theirs, when they are compared
-- once more.
CREATE OR REPLACE FUNCTION sl._read_window(
    p_target text,
    p_source text,
    p_full boolean,
    OUT from_xid bigint,
    OUT to_xid bigint,
    OUT next_xmin bigint,
    OUT is_full boolean,
    OUT is_seen text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_own_xid CONSTANT bigint := pg_current_xact_id()::text::bigint;
    v_next_xid bigint;
BEGIN
    SELECT
        pg_snapshot_xmin(s.snapshot)::text::bigint,
        greatest(pg_snapshot_xmax(s.snapshot)::text::bigint, v_own_xid + 1),
        -- Ids that this server has yet to give out stand in the rows of a restored dump. The server's newest id is
        -- asked for once a statement.
        format(
            '(s.changed_xid < %1$s OR s.changed_xid = %2$s OR s.changed_xid <> ALL (%3$L::bigint[]) AND NOT '
            '(s.changed_xid >= %4$s '
            'AND s.changed_xid < (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint)))',
            pg_snapshot_xmin(s.snapshot), v_own_xid, ARRAY(SELECT pg_snapshot_xip(s.snapshot))::text,
            pg_snapshot_xmax(s.snapshot)
        )
    INTO next_xmin, v_next_xid, is_seen
    FROM (SELECT pg_current_snapshot() AS snapshot) AS s;

    SELECT w.snapshot_xmin
    INTO from_xid
    FROM sl.watermark AS w
    WHERE
        w.target = p_target
        AND w.source = p_source
        AND w.system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c);

    to_xid := v_next_xid - 1;
    is_full := p_full OR from_xid IS NULL OR from_xid > v_next_xid;
    IF is_full THEN
        from_xid := 0;
        to_xid := 9223372036854775807;
    END IF;
END;
$body$;

COMMENT ON FUNCTION sl._read_window IS 'Which transactions'' rows a run has to read from a source';
