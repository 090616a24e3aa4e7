-- shop.status_replication
--
-- Purpose: how far the warehouse's copy of transactions, deliveries and returns is, one row.
-- Reads: pg_replication_slots.
CREATE OR REPLACE VIEW shop.status_replication AS
SELECT
    w.slot_name,
    coalesce(s.active, false) AS is_active,
    s.wal_status,
    pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::bigint AS lag_bytes,
    pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint AS kept_bytes,
    CASE
        WHEN s.slot_name IS NULL
            THEN 'The warehouse has no subscription here: make it by python -m sources.replication.'
        WHEN s.wal_status = 'lost'
            THEN 'The warehouse was away for too long, and its place is lost: python -m sources.replication --repair.'
        WHEN NOT s.active
            THEN 'The warehouse is not connected: see shop.status_replication there.'
    END AS problem
FROM (VALUES ('tshop_shop')) AS w (slot_name)
LEFT JOIN pg_replication_slots AS s ON s.slot_name = w.slot_name AND s.database = current_database();

COMMENT ON VIEW shop.status_replication IS 'How far the warehouse''s copy of the published tables is, one row';
COMMENT ON COLUMN shop.status_replication.slot_name IS 'Name of the replication slot';
COMMENT ON COLUMN shop.status_replication.is_active IS 'True: the warehouse is connected';
COMMENT ON COLUMN shop.status_replication.wal_status IS
'reserved, extended, unreserved or lost, as in pg_replication_slots. NULL: there is no slot';
COMMENT ON COLUMN shop.status_replication.lag_bytes IS
'Bytes of write-ahead log that the warehouse has not confirmed yet. NULL: there is no slot, or it is lost';
COMMENT ON COLUMN shop.status_replication.kept_bytes IS
'Bytes of write-ahead log that the server keeps for the slot; at max_slot_wal_keep_size the place is lost. NULL: none';
COMMENT ON COLUMN shop.status_replication.problem IS 'What is wrong and what to do. NULL: nothing';
