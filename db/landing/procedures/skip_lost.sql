-- landing.skip_lost(p_stream text)
--
-- Purpose: gives up documents that the source removed before they were landed, so that the consumer goes on with the
--     first one that is still there.
-- Parameters: p_stream: name in landing.stream.
-- Returns: nothing; a NOTICE says how many positions are given up.
-- Errors: TS021 the stream is not declared.
-- Reads: landing.position. Writes: landing.position.
--
-- Only the owner may call it. The source has to send again what was in these documents.
CREATE OR REPLACE PROCEDURE landing.skip_lost(p_stream text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_skipped bigint;
BEGIN
    PERFORM landing._stream_of(p_stream);
    WITH lost AS (
        SELECT
            p.partition,
            p.first_position - 1 - p.landed_position AS positions
        FROM landing.position AS p
        WHERE p.stream = p_stream AND p.first_position - 1 > p.landed_position
        ORDER BY p.partition
        FOR UPDATE
    ),
    skipped AS (
        UPDATE landing.position AS p
        SET landed_position = p.first_position - 1, behind_since = NULL, problem = NULL
        FROM lost AS l
        WHERE p.stream = p_stream AND p.partition = l.partition
        RETURNING l.positions
    )
    SELECT coalesce(sum(s.positions), 0) INTO v_skipped FROM skipped AS s;
    RAISE NOTICE 'landing.skip_lost: % positions of % are given up', v_skipped, p_stream;
END;
$body$;

COMMENT ON PROCEDURE landing.skip_lost IS 'Gives up documents that the source removed before they were landed';
