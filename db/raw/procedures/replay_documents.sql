-- raw.replay_documents(p_stream text)
--
-- Purpose: tries the documents of a stream again that were rejected, after its mapping was mended.
-- Parameters: p_stream: name in landing.stream.
-- Returns: one row, as raw.apply_documents: documents: how many were tried; documents_rejected: how many are rejected
--     still.
-- Errors: TS001 another call on the stream is in progress; TS005 another session holds a lock for longer than
--     lock_timeout; TS021 the stream is not declared.
-- Reads: landing.stream, landing.stream_target, landing.document. Writes: the tables of the stream, sl.kept_state,
--     landing.rejected_document, sl.run.
--
-- A state that is older than what raw holds by now is put aside for the next load, as any late one.
CREATE OR REPLACE PROCEDURE raw.replay_documents(
    p_stream text,
    INOUT run_id bigint DEFAULT NULL,
    INOUT documents bigint DEFAULT NULL,
    INOUT rows_inserted bigint DEFAULT NULL,
    INOUT rows_updated bigint DEFAULT NULL,
    INOUT rows_deleted bigint DEFAULT NULL,
    INOUT rows_unchanged bigint DEFAULT NULL,
    INOUT rows_kept bigint DEFAULT NULL,
    INOUT documents_rejected bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- What a document's text means is the same in every session.
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_procedure CONSTANT text := 'raw.replay_documents';
    v_stream landing.stream := landing._stream_of(p_stream);
    v_has_own_rows CONSTANT boolean := pg_current_xact_id_if_assigned() IS NOT NULL;
    v_partitions integer [];
    v_positions bigint [];
    v_done record;
    v_counts bigint [] := '{0,0,0,0,0}';
    v_began_at CONSTANT timestamptz := clock_timestamp();
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        PERFORM sl._lock_target(c_procedure, 'stream ' || p_stream);
        documents := 0;
        documents_rejected := 0;
        run_id := NULL;
        SELECT
            array_agg(r.partition ORDER BY r.partition, r.position),
            array_agg(r.position ORDER BY r.partition, r.position)
        INTO v_partitions, v_positions
        FROM landing.rejected_document AS r
        WHERE r.stream = p_stream AND r.resolved_at IS NULL;
        IF v_partitions IS NOT NULL THEN
            run_id := raw._run_of_stream(c_procedure, p_stream);
            v_done := raw._apply_slice(v_stream, v_partitions, v_positions, v_positions, v_has_own_rows);
            documents := v_done.documents;
            documents_rejected := cardinality(v_done.bad_positions);
            v_counts := v_done.counts;
            UPDATE landing.rejected_document AS r
            SET resolved_at = clock_timestamp()
            FROM unnest(v_partitions, v_positions) AS w (partition, position)
            WHERE
                (r.stream, r.partition, r.position) = (p_stream, w.partition, w.position)
                AND r.resolved_at IS NULL
                AND (w.partition, w.position) NOT IN (
                    SELECT
                        b.partition,
                        b.position
                    FROM unnest(v_done.bad_partitions, v_done.bad_positions) AS b (partition, position)
                );
        END IF;
        rows_inserted := v_counts[2];
        rows_updated := v_counts[3];
        rows_deleted := v_counts[4];
        rows_unchanged := v_counts[1] - v_counts[2] - v_counts[3] - v_counts[4];
        rows_kept := v_counts[5];
        PERFORM raw._finish_documents(
            c_procedure, p_stream, run_id, documents, v_counts, documents_rejected, v_began_at
        );
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(c_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE raw.replay_documents IS 'Tries the documents of a stream again that were rejected';
