-- raw.apply_documents(p_stream text)
--
-- Purpose: brings all documents of a stream that were landed since the last call into raw.
-- Parameters: p_stream: name in landing.stream.
-- Returns: one row: run_id (NULL: nothing waited); documents; of the rows that the mappings made of them rows_inserted,
--     rows_updated, rows_deleted, rows_unchanged (raw holds the same, or a newer state), rows_kept (of all these, the
--     states that are older than another one of their key: put aside for the next load); documents_rejected.
-- Errors: TS001 another call on the stream is in progress; TS005 another session holds a lock for longer than
--     lock_timeout; TS021 the stream is not declared.
-- Reads: landing.stream, landing.stream_target, landing.document, sl.erasure. Writes: the tables of the stream,
--     sl.kept_state, landing.position, landing.rejected_document, landing.document, sl.run.
--
-- What is personal in a document of a forgotten client is emptied first. Documents are applied in slices, with a NOTICE
-- after each, and all of them in one transaction. Each ends in raw or rejected. Calls that begin within a minute share
-- a row of sl.run, as long as no audit has read it: a consumer calls each second.
CREATE OR REPLACE PROCEDURE raw.apply_documents(
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
    c_procedure CONSTANT text := 'raw.apply_documents';
    -- A refused document costs the mapping of its slice once more. Of a key that has many states in a slice, one is
    -- written into the table.
    c_slice CONSTANT bigint := 1000000;
    v_stream landing.stream := landing._stream_of(p_stream);
    v_has_own_rows boolean := pg_current_xact_id_if_assigned() IS NOT NULL;
    v_partitions integer [];
    v_applied bigint [];
    v_landed bigint [];
    v_slice record;
    v_done record;
    v_counts bigint [] := '{0,0,0,0,0}';
    v_forgotten text [];
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
            array_agg(p.partition ORDER BY p.partition),
            array_agg(p.applied_position ORDER BY p.partition),
            array_agg(p.landed_position ORDER BY p.partition)
        INTO v_partitions, v_applied, v_landed
        FROM landing.position AS p
        WHERE p.stream = p_stream AND p.landed_position > p.applied_position;
        IF v_partitions IS NOT NULL THEN
            run_id := raw._run_of_stream(c_procedure, p_stream);
            v_forgotten := raw._forgotten_keys(v_stream);
            PERFORM raw._erase_documents(v_stream, v_forgotten, p_waiting_alone => true);
            LOOP
                SELECT
                    array_agg(s.partition) AS partitions,
                    array_agg(s.first_position) AS first,
                    array_agg(s.last_position) AS last
                INTO v_slice
                FROM (
                    SELECT
                        w.partition,
                        w.applied + 1 AS first_position,
                        CASE
                            WHEN w.waiting <= c_slice THEN w.landed
                            ELSE (
                                SELECT max(d.position)
                                FROM (
                                    SELECT d.position
                                    FROM landing.document AS d
                                    WHERE
                                        d.stream = p_stream
                                        AND d.partition = w.partition
                                        AND d.position > w.applied
                                        AND d.position <= w.landed
                                    ORDER BY d.position
                                    LIMIT c_slice / cardinality(v_partitions)
                                ) AS d
                            )
                        END AS last_position
                    FROM (
                        SELECT
                            w.*,
                            sum(w.landed - w.applied) OVER () AS waiting
                        FROM unnest(v_partitions, v_applied, v_landed) AS w (partition, applied, landed)
                    ) AS w
                    WHERE w.landed > w.applied
                ) AS s
                WHERE s.last_position IS NOT NULL;
                EXIT WHEN v_slice.partitions IS NULL;
                v_done := raw._apply_slice(
                    v_stream, v_slice.partitions, v_slice.first, v_slice.last, v_has_own_rows
                );
                v_has_own_rows := true;
                documents := documents + v_done.documents;
                documents_rejected := documents_rejected + cardinality(v_done.bad_positions);
                v_counts := raw._sum(v_counts, v_done.counts);
                v_applied := ARRAY(
                    SELECT coalesce(s.last_position, w.landed)
                    FROM unnest(v_partitions, v_landed) WITH ORDINALITY AS w (partition, landed, no)
                    LEFT JOIN unnest(v_slice.partitions, v_slice.last) AS s (partition, last_position)
                        ON s.partition = w.partition
                    ORDER BY w.no
                );
                EXIT WHEN v_applied = v_landed;
                RAISE NOTICE '%: % documents of % so far', c_procedure, documents, p_stream;
            END LOOP;
            PERFORM raw._erase_documents(v_stream, v_forgotten, p_waiting_alone => true, p_are_applied => true);
            UPDATE landing.position AS p
            SET applied_position = w.landed, applied_at = clock_timestamp()
            FROM unnest(v_partitions, v_landed) AS w (partition, landed)
            WHERE p.stream = p_stream AND p.partition = w.partition;
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

COMMENT ON PROCEDURE raw.apply_documents IS 'Brings the documents of a stream that were landed into raw';
