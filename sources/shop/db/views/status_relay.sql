-- shop.status_relay
--
-- Purpose: how the way from the outbox to Kafka is, one row.
-- Reads: shop.outbox, shop.outbox_refused, shop.relay_state.
CREATE OR REPLACE VIEW shop.status_relay AS
SELECT
    o.waiting,
    o.oldest_at,
    coalesce(extract(EPOCH FROM clock_timestamp() - o.oldest_at), 0)::numeric(12, 1) AS lag_seconds,
    s.sent,
    s.last_sent_at,
    s.seen_at,
    (SELECT count(*) FROM shop.outbox_refused) AS refused,
    coalesce(
        s.problem,
        CASE
            WHEN s.seen_at IS NULL THEN 'The relay never ran: start it by python -m sources.relay.'
            WHEN s.seen_at < clock_timestamp() - interval '1 minute'
                THEN 'The relay was last seen more than a minute ago: start it by python -m sources.relay.'
        END
    ) AS problem
FROM shop.relay_state AS s
CROSS JOIN (SELECT count(*) AS waiting, min(b.occurred_at) AS oldest_at FROM shop.outbox AS b) AS o;

COMMENT ON VIEW shop.status_relay IS 'How the way from the outbox to Kafka is, one row';
COMMENT ON COLUMN shop.status_relay.waiting IS 'Messages in the outbox that Kafka has not acknowledged';
COMMENT ON COLUMN shop.status_relay.oldest_at IS 'When the oldest of them happened. NULL: none waits';
COMMENT ON COLUMN shop.status_relay.lag_seconds IS 'For how many seconds the oldest of them has waited; 0: none waits';
COMMENT ON COLUMN shop.status_relay.sent IS 'Messages that Kafka has acknowledged, since the beginning';
COMMENT ON COLUMN shop.status_relay.last_sent_at IS 'When Kafka acknowledged the last ones. NULL: none was sent';
COMMENT ON COLUMN shop.status_relay.seen_at IS 'When the relay was last at work. NULL: never';
COMMENT ON COLUMN shop.status_relay.refused IS 'Messages that Kafka will never take, in outbox_refused';
COMMENT ON COLUMN shop.status_relay.problem IS 'What is wrong and what to do. NULL: nothing';
