-- sl._write_watermark(p_target text, p_source text, p_high timestamptz, p_xmin bigint, p_run_id bigint) RETURNS void
--
-- Purpose: records how far a target has read a source.
-- Parameters: p_target, p_source: as in sl.watermark; p_high: greatest update time read, NULL where nothing was;
--     p_xmin: sl._read_window's next_xmin; p_run_id: the run.
-- Returns: nothing.
-- Errors: none.
-- Reads: sl.watermark. Writes: sl.watermark.
CREATE OR REPLACE FUNCTION sl._write_watermark(
    p_target text,
    p_source text,
    p_high timestamptz,
    p_xmin bigint,
    p_run_id bigint
)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $body$
    INSERT INTO sl.watermark AS w (target, source, high_updated_at, snapshot_xmin, run_id)
    VALUES (p_target, p_source, p_high, p_xmin, p_run_id)
    ON CONFLICT (target, source) DO UPDATE
    SET
        high_updated_at = greatest(w.high_updated_at, excluded.high_updated_at),
        snapshot_xmin = excluded.snapshot_xmin,
        system_identifier = excluded.system_identifier,
        run_id = excluded.run_id;
$body$;

COMMENT ON FUNCTION sl._write_watermark IS 'Records how far a target has read a source';
