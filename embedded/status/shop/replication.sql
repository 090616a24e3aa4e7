-- How far the warehouse's copy of the published tables is, as the shop's server sees it.
SELECT
    is_active,
    wal_status,
    lag_bytes,
    kept_bytes,
    problem
FROM shop.status_replication
