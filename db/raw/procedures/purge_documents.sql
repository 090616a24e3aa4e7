-- raw.purge_documents()
--
-- Purpose: retention: removes documents that landed longer ago than their stream keeps them (landing.stream.kept_for),
--     and lines that were refused so long ago.
-- Parameters: none.
-- Returns: one row: run_id; documents: how many went.
-- Errors: TS001 another call is in progress; TS005 another session holds a lock for longer than lock_timeout.
-- Reads: landing.stream, landing.position. Writes: landing.document, landing.rejected_document,
--     landing.refused_line, sl.run.
--
-- A document stays that is not applied yet, and one whose rejection is open, unless it was erased, or is of a stream of
-- persons and has no number by which its person could be forgotten. What raw and the history have of a document stays.
CREATE OR REPLACE PROCEDURE raw.purge_documents(
    INOUT run_id bigint DEFAULT NULL,
    INOUT documents bigint DEFAULT NULL
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    c_procedure CONSTANT text := 'raw.purge_documents';
    v_context text;
BEGIN
    PERFORM sl._bound_lock_wait();
    BEGIN
        run_id := sl._begin_run(c_procedure, 'landing.document');
        -- Documents of a partition landed in the order of their positions: the first young one is where to end.
        WITH purged AS (
            DELETE FROM landing.document AS d
            USING landing.position AS p
            INNER JOIN landing.stream AS s ON s.stream = p.stream
            WHERE
                (d.stream, d.partition) = (p.stream, p.partition)
                AND d.position < coalesce(
                    (
                        SELECT y.position
                        FROM landing.document AS y
                        WHERE
                            (y.stream, y.partition) = (p.stream, p.partition)
                            AND y.position <= p.applied_position
                            AND y.landed_at >= clock_timestamp() - s.kept_for
                        ORDER BY y.position
                        LIMIT 1
                    ),
                    p.applied_position + 1
                )
                -- Hashed, whatever the statistics say.
                AND (
                    d.body = '"(erased)"'
                    OR s.personal <> '{}' AND (d.key ~ '^(0|[1-9][0-9]{0,11})$') IS NOT TRUE
                    OR (d.stream, d.partition, d.position) NOT IN (
                        SELECT
                            r.stream,
                            r.partition,
                            r.position
                        FROM landing.rejected_document AS r
                        WHERE r.resolved_at IS NULL
                    )
                )
            RETURNING d.stream, d.partition, d.position
        ),
        forgotten AS (
            DELETE FROM landing.rejected_document AS r
            USING purged AS d
            WHERE (r.stream, r.partition, r.position) = (d.stream, d.partition, d.position)
        )
        SELECT count(*) INTO documents FROM purged;
        DELETE FROM landing.refused_line AS r
        USING landing.stream AS s
        WHERE s.stream = r.stream AND r.refused_at < clock_timestamp() - s.kept_for;
        PERFORM sl._finish_run(run_id, documents, 0, 0, documents, 0, 0, false);
    EXCEPTION
        WHEN lock_not_available THEN
            GET STACKED DIAGNOSTICS v_context = PG_EXCEPTION_CONTEXT;
            PERFORM sl._raise_lock_timeout(c_procedure, v_context);
    END;
END;
$body$;

COMMENT ON PROCEDURE raw.purge_documents IS 'Removes documents that landed longer ago than their stream keeps them';
