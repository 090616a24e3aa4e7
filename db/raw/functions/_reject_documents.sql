-- raw._reject_documents(p_stream text, p_partitions integer[], p_positions bigint[], p_reasons text[]) RETURNS void
--
-- Purpose: records documents that could not be brought into raw, with the reason.
-- Parameters: p_stream: name in landing.stream; p_partitions, p_positions, p_reasons: of each document.
-- Returns: nothing.
-- Errors: none.
-- Reads: nothing. Writes: landing.rejected_document.
CREATE OR REPLACE FUNCTION raw._reject_documents(
    p_stream text,
    p_partitions integer[],
    p_positions bigint[],
    p_reasons text[]
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF cardinality(p_positions) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO landing.rejected_document AS r (stream, partition, position, reason)
    SELECT p_stream, b.partition, b.position, left(b.reason, 1000)
    FROM unnest(p_partitions, p_positions, p_reasons) AS b (partition, position, reason)
    ON CONFLICT (stream, partition, position) DO UPDATE
    SET reason = excluded.reason, times_seen = r.times_seen + 1, resolved_at = NULL;
END;
$body$;

COMMENT ON FUNCTION raw._reject_documents IS 'Records documents that could not be brought into raw, with the reason';
