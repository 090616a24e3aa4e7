-- landing.continue_stream(p_stream text)
--
-- Purpose: goes on with a topic that was made again: its offsets begin at 0 again, and its documents are landed behind
--     those of the topic before.
-- Parameters: p_stream: name in landing.stream.
-- Returns: nothing; a NOTICE says at which position the new topic begins.
-- Errors: TS021 the stream is not declared.
-- Reads: landing.position. Writes: landing.stream, landing.position.
--
-- Only the owner may call it. What the topic before held and nobody has landed is lost: the source has to send it
-- again.
CREATE OR REPLACE PROCEDURE landing.continue_stream(p_stream text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_base bigint;
BEGIN
    PERFORM landing._stream_of(p_stream);
    -- A consumer that lands at this moment is waited for.
    PERFORM s.stream FROM landing.stream AS s WHERE s.stream = p_stream FOR UPDATE;
    PERFORM p.partition FROM landing.position AS p WHERE p.stream = p_stream ORDER BY p.partition FOR UPDATE;
    v_base := (SELECT coalesce(max(p.landed_position), -1) + 1 FROM landing.position AS p WHERE p.stream = p_stream);
    UPDATE landing.stream AS s
    SET source_id = NULL, base = v_base
    WHERE s.stream = p_stream;
    UPDATE landing.position AS p
    SET
        -- What lies between is no document that anybody waits for.
        landed_position = v_base - 1,
        applied_position = CASE WHEN p.applied_position = p.landed_position THEN v_base - 1 ELSE p.applied_position END,
        first_position = NULL,
        end_position = NULL,
        behind_since = NULL,
        problem = NULL
    WHERE p.stream = p_stream;
    RAISE NOTICE 'landing.continue_stream: offset 0 of the topic of % is position %', p_stream, v_base;
END;
$body$;

COMMENT ON PROCEDURE landing.continue_stream IS 'Goes on with a topic that was made again';
