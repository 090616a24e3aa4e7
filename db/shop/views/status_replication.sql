-- shop.status_replication
--
-- Purpose: how the subscription to the web shop's database is, one row.
-- Columns: subscription_name; is_enabled; is_running: its worker is at work; heard_at, heard_seconds: when the shop's
--     server was heard of last, and how long ago that is, NULL where no worker runs; tables_ready: how many of the
--     mirrors follow the shop; errors: of applying and copying, since the statistics were reset; problem: what is wrong
--     and what to do, NULL where nothing is.
-- Reads: shop.relay_state, pg_subscription, pg_subscription_rel, pg_stat_subscription, pg_stat_subscription_stats.
--
-- An idle shop is heard of every half a minute. How many bytes the warehouse is behind, the shop's own server knows:
-- its view status_replication.
CREATE OR REPLACE VIEW shop.status_replication AS
SELECT
    w.subscription_name,
    coalesce(s.subenabled, false) AS is_enabled,
    a.pid IS NOT NULL AS is_running,
    a.last_msg_receipt_time AS heard_at,
    round(extract(EPOCH FROM clock_timestamp() - a.last_msg_receipt_time), 1) AS heard_seconds,
    r.tables_ready,
    coalesce(c.apply_error_count + c.sync_error_count, 0) AS errors,
    CASE
        WHEN s.oid IS NULL OR s.subslotname IS NULL OR r.tables_ready + r.tables_copying = 0
            THEN 'The warehouse has no subscription to the web shop: python -m sources.replication makes it.'
        WHEN NOT s.subenabled
            THEN 'The subscription is stopped: python -m sources.replication starts it.'
        WHEN a.pid IS NULL
            THEN
                'The subscription does not run: the shop''s server is away, or it keeps our place no longer. '
                'python -m sources.replication says which, and what to do.'
        WHEN a.last_msg_receipt_time < clock_timestamp() - interval '2 minutes'
            THEN 'The shop''s server was not heard of for over two minutes: is it up?'
        WHEN r.tables_copying > 0
            THEN 'The mirrors are being copied: the subscription follows when that is done.'
        WHEN g.gap_until IS NOT NULL
            THEN
                'The warehouse was set back: changes that the shop made before ' || date_trunc('second', g.gap_until)
                || ' never came. python -m sources.replication --repair copies the tables again.'
        WHEN obj_description(s.oid, 'pg_subscription') IS NULL
            THEN 'The mirrors are copied and not yet compared with raw: python -m sources.replication does it.'
    END AS problem
FROM (VALUES ('tshop_shop')) AS w (subscription_name)
LEFT JOIN pg_subscription AS s
    ON
        s.subname = w.subscription_name
        AND s.subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
LEFT JOIN LATERAL (
    SELECT
        t.pid,
        t.last_msg_receipt_time
    FROM pg_stat_subscription AS t
    WHERE t.subid = s.oid AND t.relid IS NULL AND t.pid IS NOT NULL
    ORDER BY t.last_msg_receipt_time DESC NULLS LAST
    LIMIT 1
) AS a ON true
LEFT JOIN pg_stat_subscription_stats AS c ON c.subid = s.oid
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE l.srsubstate = 'r') AS tables_ready,
        count(*) FILTER (WHERE l.srsubstate <> 'r') AS tables_copying
    FROM pg_subscription_rel AS l
    WHERE l.srsubid = s.oid
) AS r ON true
LEFT JOIN shop.relay_state AS g ON true;

COMMENT ON VIEW shop.status_replication IS 'How the subscription to the web shop''s database is, one row';
COMMENT ON COLUMN shop.status_replication.subscription_name IS 'Name of the subscription';
COMMENT ON COLUMN shop.status_replication.is_enabled IS 'False: somebody stopped it, or there is none';
COMMENT ON COLUMN shop.status_replication.is_running IS 'True: its worker is at work';
COMMENT ON COLUMN shop.status_replication.heard_at IS
'When the shop''s server was heard of last. NULL: no worker runs, or it has not heard yet';
COMMENT ON COLUMN shop.status_replication.heard_seconds IS 'Seconds since heard_at. NULL as heard_at';
COMMENT ON COLUMN shop.status_replication.tables_ready IS 'How many of the mirrors follow the shop';
COMMENT ON COLUMN shop.status_replication.errors IS
'Errors of applying and copying, since the statistics were reset. The server''s log has them';
COMMENT ON COLUMN shop.status_replication.problem IS 'What is wrong and what to do. NULL: nothing';
