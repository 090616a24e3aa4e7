-- landing.end_landing(p_stream text, p_partition integer, p_last_offset bigint, p_end_offset bigint) RETURNS void
--
-- Purpose: ends what landing.begin_landing began: records how far the partition was landed.
-- Parameters: p_stream, p_partition: as of landing.begin_landing; p_last_offset: the last offset of the source that was
--     landed; p_end_offset: the offset that the source gives next.
-- Returns: nothing.
-- Errors: 22023 the offset was landed before, or the partition was never begun.
-- Reads: landing.stream, landing.document. Writes: landing.position.
CREATE OR REPLACE FUNCTION landing.end_landing(
    p_stream text,
    p_partition integer,
    p_last_offset bigint,
    p_end_offset bigint
)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    UPDATE landing.position AS p
    SET
        landed_position = s.base + p_last_offset,
        landed_at = clock_timestamp(),
        -- What was noted meanwhile is newer.
        end_position = greatest(p.end_position, s.base + p_end_offset),
        -- In a backlog the next one was written soon after the last.
        behind_since = CASE
            WHEN greatest(p.end_position, s.base + p_end_offset) > s.base + p_last_offset + 1
                THEN least(
                    (
                        SELECT d.written_at
                        FROM landing.document AS d
                        WHERE
                            d.stream = p.stream AND d.partition = p.partition AND d.position = s.base + p_last_offset
                    ),
                    clock_timestamp()
                )
        END,
        seen_at = clock_timestamp(),
        problem = NULL
    FROM landing.stream AS s
    WHERE
        p.stream = p_stream
        AND p.partition = p_partition
        AND s.stream = p.stream
        AND s.base + p_last_offset > p.landed_position;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format(
                'landing.end_landing: offset %s of partition %s of stream "%s" is not one to be landed', p_last_offset,
                p_partition, p_stream
            ),
            HINT = 'Begin with landing.begin_landing in the same transaction, and land from first_offset on.';
    END IF;
END;
$body$;

COMMENT ON FUNCTION landing.end_landing IS 'Records how far a partition was landed';
