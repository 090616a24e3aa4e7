"""The relay's SQL in the shop's database."""

LOCK = "SELECT pg_catalog.pg_try_advisory_lock(%s)"

# The oldest rows but those of some tables: so many, and until their stored size is so many bytes, yet at least one. The
# time is that of the change in milliseconds, rounded up: a deletion must not be earlier than the last state.
READ = """
SELECT
    id,
    aggregatetype,
    aggregateid,
    type,
    payload::text,
    payload ->> 'schema_version',
    ceil(extract(EPOCH FROM occurred_at) * 1000)::bigint
FROM (
    SELECT
        o.*,
        sum(coalesce(pg_catalog.pg_column_size(o.payload), 0)) OVER (ORDER BY o.id)
        - coalesce(pg_catalog.pg_column_size(o.payload), 0) AS bytes_before
    FROM (
        SELECT *
        FROM shop.outbox
        WHERE aggregatetype <> ALL(%s::text[])
        ORDER BY id
        LIMIT %s
    ) AS o
) AS b
WHERE bytes_before < %s
ORDER BY id
"""

REMOVE = "DELETE FROM shop.outbox WHERE id = ANY(%s::bigint[])"

REFUSE = """
INSERT INTO shop.outbox_refused (id, aggregatetype, aggregateid, type, payload, occurred_at, reason)
SELECT o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.occurred_at, r.reason
FROM unnest(%s::bigint[], %s::text[]) AS r (id, reason)
INNER JOIN shop.outbox AS o ON o.id = r.id
"""

COUNT = """
UPDATE shop.relay_state
SET
    sent = sent + %s,
    last_id = %s,
    last_sent_at = clock_timestamp()
"""

BEAT = "UPDATE shop.relay_state SET seen_at = clock_timestamp(), problem = %s"
