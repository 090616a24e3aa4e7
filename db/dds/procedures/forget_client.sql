-- dds.forget_client(p_client_id bigint)
--
-- Purpose: erases a person: takes names, birth date, e-mail address and telephone out of the documents in landing, raw,
--     every version in dds, every version in the mart, and the rejected rows, and leaves a receipt. Keys, intervals,
--     ages at the sales and sums stay, so that reports stay the same. ClickHouse follows with the batch of the mart
--     that this writes.
-- Parameters: p_client_id: the client's key.
-- Returns: one row: run_id (on dds.client), mart_run_id (the batch for ClickHouse), and how many rows held personal
--     data: raw_rows, dds_versions, mart_versions, rejected_rows; all 0 where the client was forgotten before.
-- Errors: TS006 no such client is known, not in landing either; TS001 a load of clients, products or sales or a build
--     of the mart is in progress; TS005 another session holds a lock for longer than lock_timeout.
-- Reads and writes: as sl._forget, raw._erase_documents and raw._note_erasure.
--
-- A client whose documents could not be brought into raw, or whose lines were refused, is known to landing alone, and
-- is forgotten as any other. A document that was rejected is erased whole, with the reason: what it holds, and where,
-- nobody knows. A NOTICE says how many documents held anything.
--
-- Only the owner may call it. The client stays forgotten when a source delivers it again; what the client buys later
-- has no age in the mart.
CREATE OR REPLACE PROCEDURE dds.forget_client(
    p_client_id bigint,
    INOUT run_id bigint DEFAULT NULL,
    INOUT mart_run_id bigint DEFAULT NULL,
    INOUT raw_rows bigint DEFAULT NULL,
    INOUT dds_versions bigint DEFAULT NULL,
    INOUT mart_versions bigint DEFAULT NULL,
    INOUT rejected_rows bigint DEFAULT NULL
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_stream landing.stream;
    v_documents bigint := 0;
BEGIN
    BEGIN
        CALL sl._forget(
            'dds.forget_client', 'client', p_client_id::text,
            run_id, mart_run_id, raw_rows, dds_versions, mart_versions, rejected_rows
        );
    EXCEPTION
        WHEN SQLSTATE 'TS006' THEN
            IF NOT EXISTS (
                SELECT
                FROM landing.stream AS s
                INNER JOIN landing.stream_target AS t ON t.stream = s.stream
                WHERE
                    s.personal <> '{}'
                    AND (t.target_schema, t.target_table) = ('raw', 'client')
                    AND (
                        EXISTS (
                            SELECT
                            FROM landing.document AS d
                            WHERE d.stream = s.stream AND d.key = (p_client_id - s.id_base)::text
                        )
                        OR EXISTS (
                            SELECT
                            FROM landing.refused_line AS r
                            WHERE r.stream = s.stream AND r.key = (p_client_id - s.id_base)::text
                        )
                    )
            ) THEN
                RAISE;
            END IF;
            PERFORM raw._note_erasure('dds.forget_client', 'client', p_client_id::text);
            CALL sl._forget(
                'dds.forget_client', 'client', p_client_id::text,
                run_id, mart_run_id, raw_rows, dds_versions, mart_versions, rejected_rows
            );
    END;
    FOR v_stream IN
        SELECT s.*
        FROM landing.stream AS s
        INNER JOIN landing.stream_target AS t ON t.stream = s.stream
        WHERE s.personal <> '{}' AND (t.target_schema, t.target_table) = ('raw', 'client')
        ORDER BY s.stream
    LOOP
        v_documents := v_documents
            + raw._erase_documents(v_stream, ARRAY[(p_client_id - v_stream.id_base)::text]);
    END LOOP;
    RAISE NOTICE 'dds.forget_client: % documents held personal data', v_documents;
END;
$body$;

COMMENT ON PROCEDURE dds.forget_client IS
'Erases a person''s name, birth date, e-mail address and telephone everywhere; reports stay the same';
