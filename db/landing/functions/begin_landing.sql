-- landing.begin_landing(p_stream text, p_partition integer, p_source_id text, OUT first_offset bigint, OUT base bigint)
--     RETURNS record
--
-- Purpose: begins to land documents of a partition: tells a consumer where to begin, and keeps others out until the
--     transaction ends.
-- Parameters: p_stream: name in landing.stream; p_partition: of the stream; p_source_id: identity of what is read, the
--     Kafka topic's id.
-- Returns: first_offset: the first offset of the source that is to be landed; base: what to add to an offset to make
--     landing.document.position.
-- Errors: TS020 the topic is another one than before; TS021 the stream is not declared.
-- Reads: landing.stream. Writes: landing.stream (source_id where it is not known), landing.position (a row where there
--     is none).
--
-- The consumer then copies rows into landing.document, calls landing.end_landing, and commits: documents and position
-- are one transaction, so that whoever is killed lands each document once. A second consumer waits here, and is then
-- told to begin later.
CREATE OR REPLACE FUNCTION landing.begin_landing(
    p_stream text,
    p_partition integer,
    p_source_id text,
    OUT first_offset bigint,
    OUT base bigint
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_stream landing.stream := landing._stream_of(p_stream);
    v_landed bigint;
BEGIN
    INSERT INTO landing.position (stream, partition, landed_position, applied_position)
    VALUES (p_stream, p_partition, v_stream.base - 1, v_stream.base - 1)
    ON CONFLICT (stream, partition) DO NOTHING;
    IF FOUND THEN
        -- landing.continue_stream could not have waited for a row that it does not see.
        PERFORM s.stream FROM landing.stream AS s WHERE s.stream = p_stream FOR NO KEY UPDATE;
    END IF;
    SELECT p.landed_position
    INTO v_landed
    FROM landing.position AS p
    WHERE p.stream = p_stream AND p.partition = p_partition
    FOR UPDATE;
    -- Looked at when the lock is there: who held it may have been landing.continue_stream.
    v_stream := landing._stream_of(p_stream);
    IF v_stream.source_id IS NULL THEN
        UPDATE landing.stream AS s
        SET source_id = p_source_id
        WHERE s.stream = p_stream AND s.source_id IS NULL;
        v_stream := landing._stream_of(p_stream);
    END IF;
    IF v_stream.source_id IS DISTINCT FROM p_source_id THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS020',
            MESSAGE = format('The topic of stream "%s" was made again: its documents would count as landed', p_stream),
            DETAIL = format('Its id was %s and is %s.', v_stream.source_id, coalesce(p_source_id, 'NULL')),
            HINT = format(
                'Where that is right, CALL landing.continue_stream(%L): its documents are then landed from the first '
                'one on. What was lost with the old topic the source has to send again.', p_stream
            );
    END IF;
    first_offset := greatest(v_landed + 1 - v_stream.base, 0);
    base := v_stream.base;
END;
$body$;

COMMENT ON FUNCTION landing.begin_landing IS 'Tells a consumer where to begin, and keeps others out of the partition';
