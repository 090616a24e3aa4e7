-- landing.lock_reading(p_stream text) RETURNS boolean
--
-- Purpose: keeps other readers of a source that is read and sends nothing out, until the session ends: its states are
--     landed in the order in which they were read (landing.land_states).
-- Parameters: p_stream: name in landing.stream.
-- Returns: whether this session is the reader now; false: another one is.
-- Errors: TS021 the stream is not declared.
-- Reads: landing.stream. Writes: nothing.
CREATE OR REPLACE FUNCTION landing.lock_reading(p_stream text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_stream CONSTANT landing.stream := landing._stream_of(p_stream);
BEGIN
    RETURN pg_try_advisory_lock(hashtextextended('landing reader of ' || v_stream.stream, 0));
END;
$body$;

COMMENT ON FUNCTION landing.lock_reading IS 'Keeps other readers of a source out, until the session ends';
