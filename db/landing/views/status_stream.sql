-- landing.status_stream
--
-- Purpose: how far each stream of documents is, for people and monitors.
-- Columns: stream; documents_behind: positions that the source has and nobody has landed, as the consumer saw it last,
--     NULL where it did not say; documents_waiting: positions that are landed and not applied; documents_rejected: open
--     rejections; lag_seconds: for how long the oldest document that is not landed or not applied has waited, 0 where
--     none does; landed_at, applied_at: of the last ones; seen_at: when the consumer was heard of last, of the
--     partition that is worst off; is_seen: whether that is less than a minute ago; problem: what keeps the consumer
--     from landing, NULL where nothing does.
-- Reads: landing.stream, landing.position, landing.document, landing.rejected_document.
--
-- Positions are counted, and the source may leave some out: there may be fewer documents, never more.
CREATE OR REPLACE VIEW landing.status_stream AS
SELECT
    s.stream,
    p.documents_behind,
    coalesce(p.documents_waiting, 0)::bigint AS documents_waiting,
    (
        SELECT count(*)
        FROM landing.rejected_document AS r
        WHERE r.stream = s.stream AND r.resolved_at IS NULL
    ) AS documents_rejected,
    coalesce(
        round(extract(EPOCH FROM clock_timestamp() - least(p.waits_since, p.behind_since)), 3), 0
    ) AS lag_seconds,
    p.landed_at,
    p.applied_at,
    p.seen_at,
    coalesce(p.seen_at > clock_timestamp() - interval '1 minute', false) AS is_seen,
    p.problem
FROM landing.stream AS s
LEFT JOIN LATERAL (
    SELECT
        sum(greatest(p.end_position - 1 - p.landed_position, 0))::bigint AS documents_behind,
        sum(p.landed_position - p.applied_position) AS documents_waiting,
        min(d.written_at) AS waits_since,
        min(p.behind_since) AS behind_since,
        max(p.landed_at) AS landed_at,
        max(p.applied_at) AS applied_at,
        min(p.seen_at) AS seen_at,
        min(p.problem) AS problem
    FROM landing.position AS p
    LEFT JOIN LATERAL (
        SELECT d.written_at
        FROM landing.document AS d
        WHERE
            d.stream = p.stream
            AND d.partition = p.partition
            AND d.position > p.applied_position
        ORDER BY d.position
        LIMIT 1
    ) AS d ON p.landed_position > p.applied_position
    WHERE p.stream = s.stream
) AS p ON true;

COMMENT ON VIEW landing.status_stream IS 'How far each stream of documents is: behind, waiting, rejected, whether its consumer is seen';
COMMENT ON COLUMN landing.status_stream.stream IS 'Name of the stream';
COMMENT ON COLUMN landing.status_stream.documents_behind IS
'Positions that the source has and nobody has landed, as the consumer saw it last. NULL: it did not say';
COMMENT ON COLUMN landing.status_stream.documents_waiting IS 'Positions that are landed and not applied';
COMMENT ON COLUMN landing.status_stream.documents_rejected IS 'Documents whose rejection is open';
COMMENT ON COLUMN landing.status_stream.lag_seconds IS
'For how many seconds the oldest document that is not landed or not applied has waited. 0: none waits';
COMMENT ON COLUMN landing.status_stream.landed_at IS 'When a document was landed last. NULL: never';
COMMENT ON COLUMN landing.status_stream.applied_at IS 'When documents were applied last. NULL: never';
COMMENT ON COLUMN landing.status_stream.seen_at IS
'When the consumer was heard of last, of the partition that is worst off. NULL: never';
COMMENT ON COLUMN landing.status_stream.is_seen IS 'True where the consumer was heard of within the last minute';
COMMENT ON COLUMN landing.status_stream.problem IS
'What keeps the consumer from landing, and what to do. NULL: nothing does';
