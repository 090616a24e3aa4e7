-- landing.note_seen(p_stream text, p_partition integer, p_end_offset bigint, p_problem text DEFAULT NULL,
--     p_first_offset bigint DEFAULT NULL) RETURNS void
--
-- Purpose: a consumer's heartbeat: that it is there, how far the source is, and what keeps it from landing.
-- Parameters: p_stream, p_partition: as of landing.begin_landing; p_end_offset: the offset that the source gives next;
--     p_problem: what keeps the consumer from landing (default NULL: nothing); p_first_offset: the first offset that
--     the source still has (default NULL: not known).
-- Returns: nothing.
-- Errors: TS021 the stream is not declared.
-- Reads: landing.stream. Writes: landing.position.
CREATE OR REPLACE FUNCTION landing.note_seen(
    p_stream text,
    p_partition integer,
    p_end_offset bigint,
    p_problem text DEFAULT NULL,
    p_first_offset bigint DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_stream landing.stream := landing._stream_of(p_stream);
BEGIN
    INSERT INTO landing.position AS p (
        stream, partition, landed_position, applied_position, first_position, end_position, behind_since, seen_at,
        problem
    )
    VALUES (
        p_stream, p_partition, v_stream.base - 1, v_stream.base - 1, v_stream.base + p_first_offset,
        v_stream.base + p_end_offset, CASE WHEN p_end_offset > 0 THEN clock_timestamp() END, clock_timestamp(),
        p_problem
    )
    ON CONFLICT (stream, partition) DO UPDATE
    SET
        first_position = coalesce(excluded.first_position, p.first_position),
        end_position = coalesce(excluded.end_position, p.end_position),
        behind_since = CASE
            WHEN coalesce(excluded.end_position, p.end_position) > p.landed_position + 1
                THEN coalesce(p.behind_since, excluded.seen_at)
        END,
        seen_at = excluded.seen_at,
        problem = excluded.problem;
END;
$body$;

COMMENT ON FUNCTION landing.note_seen IS 'A consumer''s heartbeat: that it is there, how far the source is, what is wrong';
