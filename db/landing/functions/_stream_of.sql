-- landing._stream_of(p_stream text) RETURNS landing.stream
--
-- Purpose: the registry row of a stream.
-- Parameters: p_stream: name in landing.stream.
-- Returns: the row.
-- Errors: TS021 the stream is not declared.
-- Reads: landing.stream. Writes: nothing.
CREATE OR REPLACE FUNCTION landing._stream_of(p_stream text)
RETURNS landing.stream
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_stream landing.stream;
BEGIN
    SELECT s.* INTO v_stream FROM landing.stream AS s WHERE s.stream = p_stream;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS021',
            MESSAGE = format('Stream "%s" is not declared', p_stream),
            DETAIL = coalesce(
                (SELECT 'Declared: ' || string_agg(s.stream, ', ' ORDER BY s.stream) FROM landing.stream AS s),
                'None is declared.'
            ),
            HINT = 'CALL raw.declare_stream; docs/documents.md shows the whole.';
    END IF;
    RETURN v_stream;
END;
$body$;

COMMENT ON FUNCTION landing._stream_of IS 'The registry row of a stream';
