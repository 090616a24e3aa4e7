"""The relay's SQL in the shop's database."""

LOCK = "SELECT pg_catalog.pg_try_advisory_lock(%s)"

# The oldest rows but those of some tables: so many, and until their messages are so many bytes, yet at least one. A
# stored payload may be compressed to a hundredth of its message: it is first cut by what is stored, so that not all
# rows are unpacked, and then by what they become. The time is that of the change in milliseconds, rounded up: a
# deletion must not be earlier than the last state.
READ = """
WITH oldest AS (
    SELECT *
    FROM shop.outbox
    WHERE aggregatetype <> ALL(%(held)s::text[])
    ORDER BY id
    LIMIT %(rows)s
),

stored AS (
    SELECT
        o.*,
        sum(coalesce(pg_catalog.pg_column_size(o.payload), 0)) OVER (ORDER BY o.id)
        - coalesce(pg_catalog.pg_column_size(o.payload), 0) AS bytes_before
    FROM oldest AS o
),

sent AS (
    SELECT
        s.*,
        sum(coalesce(octet_length(s.payload::text), 0)) OVER (ORDER BY s.id)
        - coalesce(octet_length(s.payload::text), 0) AS sent_before
    FROM stored AS s
    WHERE s.bytes_before < %(bytes)s
)

SELECT
    id,
    aggregatetype,
    aggregateid,
    type,
    payload::text,
    payload ->> 'schema_version',
    ceil(extract(EPOCH FROM occurred_at) * 1000)::bigint
FROM sent
WHERE sent_before < %(bytes)s
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
